// Full weights from a finetuning job become the graph of an agent of its own: the same shape as the base, other numbers.
import { buildLlama, llamaShapes, type LlamaConfig } from '../onnx/llama';
import { modelConfigOf, ModelConfigError } from '../onnx/model-config';
import { CheckpointError, readModelWeights } from '../onnx/model-weights';
import { encodeModel } from '../onnx/proto';
import type { TunedFiles } from './engine';
import { EngineError } from './fault';

const refuse = (id: string, reason: string, cause?: unknown): EngineError =>
  new EngineError('bad-model', `The weights of ${id} do not fit this model: ${reason}.`, 'Load the base they were trained from.', cause);

const MOST_CONFIG = 256 << 10;

function parseConfig(id: string, bytes: Uint8Array): unknown {
  if (bytes.length > MOST_CONFIG) throw refuse(id, 'their config.json is too long');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse(id, 'their config.json is not JSON', error);
  }
}

function configOf(id: string, json: unknown): LlamaConfig {
  try {
    return modelConfigOf(json);
  } catch (error) {
    if (!(error instanceof ModelConfigError)) throw error;
    throw refuse(id, error.message, error);
  }
}

/**
 * The ONNX graph of `config.json` and `model.safetensors`, in full precision.
 * @param base `config.json` of the base, which shares its tokenizer with the agent
 * @throws EngineError `bad-model` unless the model is the base's in every setting and every tensor is there, once
 */
export async function fullGraph(id: string, files: TunedFiles, base: unknown): Promise<Uint8Array> {
  const [json, weights] = [files['config.json'], files['model.safetensors']];
  if (!json || !weights) throw refuse(id, `${json ? 'model.safetensors' : 'config.json'} is missing`);
  const [wanted, config] = [configOf(id, base), configOf(id, parseConfig(id, json))];
  const fields = new Set([...Object.keys(wanted), ...Object.keys(config)] as (keyof LlamaConfig)[]);
  for (const field of fields) {
    const [own, other] = [JSON.stringify(config[field]), JSON.stringify(wanted[field])];
    if (own !== other) throw refuse(id, `${field} is ${own}, the base has ${other}`);
  }
  // Before anything is copied: four bytes a number, and a header.
  const numbers = llamaShapes(config).reduce((sum, [, dims]) => sum + dims.reduce((a, b) => a * b, 1), 0);
  if (weights.length > 4 * numbers + (4 << 20)) throw refuse(id, `${weights.length} bytes are more than this model has`);
  try {
    return encodeModel(
      buildLlama(config, await readModelWeights(config, async name => (name === 'model.safetensors' ? weights : undefined))),
    );
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw refuse(id, error.message, error);
  }
}
