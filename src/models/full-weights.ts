// Full weights from a finetuning job become the graph of an agent of its own: the same shape as the base, other numbers.
import { buildLlama, llamaShapes, type LlamaConfig, type Weights } from '../onnx/llama';
import { encodeModel } from '../onnx/proto';
import { readSafetensors, SafetensorsError, toFloat32 } from '../onnx/safetensors';
import { EngineError } from './fault';

type Json = Record<string, unknown>;

const refuse = (reason: string, cause?: unknown): EngineError =>
  new EngineError('bad-model', `These full weights cannot be loaded: ${reason}.`, 'Load the base they were trained from.', cause);

const MOST_CONFIG = 256 << 10;

function parseConfig(bytes: Uint8Array): Json {
  if (bytes.length > MOST_CONFIG) throw refuse('their config.json is too long');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse('their config.json is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('their config.json is not an object');
  return value as Json;
}

/** Settings that change the arithmetic in a way the emitter does not write; each must be absent or as given. */
const plain: Record<string, readonly unknown[]> = {
  model_type: ['llama'],
  hidden_act: [undefined, null, 'silu'],
  attention_bias: [undefined, null, false],
  mlp_bias: [undefined, null, false],
  rope_scaling: [undefined, null],
  pretraining_tp: [undefined, null, 1],
};

/** @param whose for the message @throws EngineError `bad-model` unless it is a plain Llama */
function llamaConfig(json: Json, whose: string): LlamaConfig {
  for (const [field, allowed] of Object.entries(plain))
    if (!allowed.includes(json[field])) throw refuse(`${field} of ${whose} is ${JSON.stringify(json[field])?.slice(0, 80)}`);
  const number = (field: string, otherwise?: number): number => {
    const value = json[field] ?? otherwise;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw refuse(`${field} of ${whose} is no positive number`);
    return value;
  };
  const heads = number('num_attention_heads');
  const hidden = number('hidden_size');
  return {
    vocab: number('vocab_size'),
    hidden,
    layers: number('num_hidden_layers'),
    heads,
    kvHeads: number('num_key_value_heads', heads),
    headDim: number('head_dim', hidden / heads),
    ff: number('intermediate_size'),
    eps: number('rms_norm_eps', 1e-6),
    theta: number('rope_theta', 10000),
    maxPositions: number('max_position_embeddings'),
    tied: json['tie_word_embeddings'] === true,
  };
}

function weightsOf(config: LlamaConfig, file: Uint8Array): Weights {
  const shapes = new Map(llamaShapes(config));
  const numbers = [...shapes.values()].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);
  // Before anything is copied: four bytes a number, and a header.
  if (file.length > 4 * numbers + (4 << 20)) throw refuse(`${file.length} bytes are more than this model has`);
  let tensors;
  try {
    ({ tensors } = readSafetensors(file));
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw refuse(`model.safetensors is damaged, ${error.message}`, error);
  }
  const stranger = [...tensors.keys()].find(name => !shapes.has(name));
  if (stranger !== undefined) throw refuse(`the base has no ${stranger}`);
  const weights: Weights = {};
  for (const [name, dims] of shapes) {
    const tensor = tensors.get(name);
    if (!tensor) throw refuse(`${name} is missing`);
    if (`${tensor.shape}` !== `${dims}`) throw refuse(`${name} is ${tensor.shape.join('×')}, the base has ${dims.join('×')}`);
    if (!['F32', 'F16', 'BF16'].includes(tensor.dtype)) throw refuse(`${name} has dtype ${tensor.dtype}`);
    const data = toFloat32(tensor);
    if (!data.every(Number.isFinite)) throw refuse(`${name} holds NaN or infinity`);
    weights[name] = { dims, data };
  }
  return weights;
}

/**
 * The ONNX graph of `config.json` and `model.safetensors`, in full precision.
 * @param base `config.json` of the base, which shares its tokenizer with the agent
 * @throws EngineError `bad-model` unless the shape is the base's in every number and every tensor is there, once
 */
export function fullGraph(files: Readonly<Record<string, Uint8Array>>, base: Json): Uint8Array {
  const [configFile, weightsFile] = [files['config.json'], files['model.safetensors']];
  if (!configFile || !weightsFile) throw refuse(`${configFile ? 'model.safetensors' : 'config.json'} is missing`);
  const wanted = llamaConfig(base, 'the base');
  const config = llamaConfig(parseConfig(configFile), 'these weights');
  for (const field of Object.keys(wanted) as (keyof LlamaConfig)[])
    if (config[field] !== wanted[field]) throw refuse(`${field} is ${config[field]}, the base has ${wanted[field]}`);
  return encodeModel(buildLlama(config, weightsOf(config, weightsFile)));
}
