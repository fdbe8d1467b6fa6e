// Trained weights to result files and back: a PEFT adapter, or the whole model.
import type { Weights } from '../../onnx/llama';
import { AdapterError, writeAdapter, type AdapterModule } from '../../onnx/peft';
import { readSafetensors, toFloat32, writeSafetensors, type SafeTensor } from '../../onnx/safetensors';
import { fittingAdapter } from '../adapter-fit';
import { TrainError, type Files, type Hyperparameters } from '../engine';
import type { Base } from './base';

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const fromUtf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]!;
  return out;
}

export const asTensors = (weights: Weights): Map<string, { shape: number[]; data: Float32Array }> =>
  new Map(Object.entries(weights).map(([name, { dims, data }]) => [name, { shape: dims, data }]));

const fromTensors = (tensors: ReadonlyMap<string, SafeTensor>): Weights =>
  Object.fromEntries([...tensors].map(([name, t]) => [name, { dims: t.shape, data: toFloat32(t) }]));

/** Tensors of a safetensors file that this program wrote. @throws TrainError `invalid_result` when it is damaged */
export function readTensors(files: Files, name: string): Weights {
  const file = files[name];
  if (!file) throw new TrainError('invalid_result', `${name} is missing`);
  try {
    return fromTensors(readSafetensors(file).tensors);
  } catch (error) {
    throw new TrainError('invalid_result', `${name}: ${String(error)}`);
  }
}

function adapterModules(weights: Weights): Map<string, AdapterModule> {
  const modules = new Map<string, AdapterModule>();
  for (const [name, a] of Object.entries(weights)) {
    if (!name.endsWith('.lora_A.weight')) continue;
    const path = name.slice(0, -'.lora_A.weight'.length);
    const b = weights[`${path}.lora_B.weight`]!;
    const [rank, K] = a.dims as [number, number];
    const N = b.dims[0]!;
    modules.set(path, { rank, K, N, A: transposed(a.data, rank, K), B: transposed(b.data, N, rank) });
  }
  return modules;
}

/** @param weights the trainables: adapters, or the whole model */
export function weightFiles(weights: Weights, base: Base, { lora, lora_alpha }: Hyperparameters): Files {
  if (lora) {
    const files = writeAdapter(adapterModules(weights), { alpha: lora_alpha, baseModel: base.repo ?? base.id });
    return { 'adapter_config.json': utf8(files['adapter_config.json']), 'adapter_model.safetensors': files['adapter_model.safetensors'] };
  }
  const { dtype: _, torch_dtype: __, ...config } = base.configJson;
  return {
    'config.json': utf8(`${JSON.stringify({ ...config, dtype: 'float32' }, null, 2)}\n`),
    'model.safetensors': writeSafetensors(asTensors(weights), { format: 'pt' }),
  };
}

/**
 * The trainables that `weightFiles` wrote, bit for bit.
 * @throws TrainError `invalid_result` when the files are of the other kind, or an adapter has another rank or scale
 */
export function readWeightFiles(files: Files, asked: Hyperparameters): Weights {
  if (!asked.lora) return readTensors(files, 'model.safetensors');
  const [config, tensors] = [files['adapter_config.json'], files['adapter_model.safetensors']];
  if (!config || !tensors)
    throw new TrainError('invalid_result', 'the model to go on from is not an adapter, so no adapter can be continued');
  try {
    fittingAdapter(fromUtf8(config), tensors, asked);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    throw new TrainError('invalid_result', `to go on from: ${error.message}`);
  }
  const stem = 'base_model.model.';
  return Object.fromEntries(
    Object.entries(readTensors(files, 'adapter_model.safetensors')).map(([name, weight]) => [name.slice(stem.length), weight]),
  );
}
