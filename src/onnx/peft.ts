// A LoRA adapter as PEFT stores it, brought into the form the edited graph multiplies with.
import type { ModuleAdapter } from './feeds';
import { AdapterError, parsePeftConfig } from './peft-config';
import { readSafetensors, SafetensorsError, toFloat32, writeSafetensors, type SafeTensor } from './safetensors';

export { AdapterError } from './peft-config';

/** Like `ModuleAdapter`, with the sizes of the layer it belongs to: A [K, rank], B [rank, N] times scale. */
export interface AdapterModule extends ModuleAdapter {
  K: number;
  N: number;
}

export interface Adapter {
  baseModel: string | null;
  revision: string | null;
  /** By the path of the module in the checkpoint, e.g. `model.layers.0.self_attn.q_proj`. */
  modules: Map<string, AdapterModule>;
  warnings: string[];
}

/** Rank 64 on every projection of a model of some billion parameters, in float32. */
const maxBytes = 512 << 20;
const tensorName = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/** [rows, columns] → [columns, rows], each element times `scale`. */
function transposed(data: Float32Array, rows: number, columns: number, scale = 1): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]! * scale;
  return out;
}

function floats(name: string, tensor: SafeTensor): { rows: number; columns: number; data: Float32Array } {
  if (!['F32', 'F16', 'BF16'].includes(tensor.dtype)) throw new AdapterError(`${name} has dtype ${tensor.dtype}`);
  const [rows, columns] = tensor.shape;
  if (tensor.shape.length !== 2 || !rows || !columns) throw new AdapterError(`${name} is not a matrix`);
  const data = toFloat32(tensor);
  if (!data.every(Number.isFinite)) throw new AdapterError(`${name} holds NaN or infinity`);
  return { rows, columns, data };
}

function tensorsOf(file: Uint8Array): Map<string, SafeTensor> {
  if (file.length > maxBytes) throw new AdapterError(`an adapter of ${file.length} bytes`);
  try {
    return readSafetensors(file).tensors;
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new AdapterError(`adapter_model.safetensors is damaged: ${error.message}`, { cause: error });
  }
}

/**
 * Reads `adapter_config.json` and `adapter_model.safetensors`.
 * @throws AdapterError when it is not plain LoRA or the file is damaged
 */
export function readAdapter(configJson: string, safetensors: Uint8Array): Adapter {
  const config = parsePeftConfig(configJson);
  const warnings = [...config.warnings];
  const pairs = new Map<string, { A?: SafeTensor; B?: SafeTensor }>();
  for (const [stored, tensor] of tensorsOf(safetensors)) {
    // Left behind by torch.compile and by saving the live model instead of its state.
    const name = stored.replace(/\._orig_mod|\.default(?=\.)/, '');
    if (name !== stored) warnings.push(`${stored} was read as ${name}`);
    const [, module, side] = tensorName.exec(name) ?? [];
    if (module === undefined) throw new AdapterError(`unexpected tensor ${stored}`);
    if (/(^|\.)(lm_head|embed_tokens)$/.test(module)) throw new AdapterError(`${module} takes no adapter`);
    const pair = pairs.get(module) ?? {};
    if (pair[side as 'A' | 'B']) throw new AdapterError(`two tensors for ${name}`);
    pairs.set(module, { ...pair, [side as 'A' | 'B']: tensor });
  }
  if (!pairs.size) throw new AdapterError('the adapter holds no tensors');
  const modules = new Map<string, AdapterModule>();
  for (const [module, pair] of pairs) {
    if (!pair.A || !pair.B) throw new AdapterError(`${module} lacks lora_${pair.A ? 'B' : 'A'}`);
    const A = floats(`${module}.lora_A`, pair.A);
    const B = floats(`${module}.lora_B`, pair.B);
    const rank = config.rankOf(module);
    if (A.rows !== rank || B.columns !== rank)
      throw new AdapterError(`${module} has ranks ${A.rows} and ${B.columns}, its config says ${rank}`);
    modules.set(module, {
      rank,
      K: A.columns,
      N: B.rows,
      A: transposed(A.data, A.rows, A.columns),
      B: transposed(B.data, B.rows, B.columns, config.scaleOf(module)),
    });
  }
  return { baseModel: config.baseModel, revision: config.revision, modules, warnings };
}

export interface AdapterFiles {
  'adapter_config.json': string;
  'adapter_model.safetensors': Uint8Array<ArrayBuffer>;
}

/**
 * Writes an adapter that any PEFT program loads. All modules share one rank.
 * @param modules A [K, rank] and B [rank, N] without the scale, which α/rank of the config brings in
 */
export function writeAdapter(
  modules: ReadonlyMap<string, AdapterModule>,
  { alpha, baseModel }: { alpha: number; baseModel: string | null },
): AdapterFiles {
  const ranks = new Set([...modules.values()].map(m => m.rank));
  const [r] = ranks;
  if (r === undefined || ranks.size !== 1) throw new AdapterError(`ranks ${[...ranks].join(', ') || 'of nothing'} in one adapter`);
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [path, { K, N, A, B }] of modules) {
    tensors.set(`base_model.model.${path}.lora_A.weight`, { shape: [r, K], data: transposed(A, K, r) });
    tensors.set(`base_model.model.${path}.lora_B.weight`, { shape: [N, r], data: transposed(B, r, N) });
  }
  const config = {
    ...{ base_model_name_or_path: baseModel, bias: 'none', fan_in_fan_out: false, inference_mode: true, init_lora_weights: true },
    ...{ lora_alpha: alpha, lora_dropout: 0, peft_type: 'LORA', r },
    target_modules: [...new Set([...modules.keys()].map(path => path.slice(path.lastIndexOf('.') + 1)))].sort(),
    ...{ task_type: 'CAUSAL_LM', use_dora: false, use_rslora: false },
  };
  return {
    'adapter_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'adapter_model.safetensors': writeSafetensors(tensors, { format: 'pt' }),
  };
}
