// Reads a Hugging Face `config.json` of the three families the trainer knows, and refuses whatever would change the arithmetic otherwise.
import type { LlamaConfig, RopeScaling } from './llama-shapes';

/** The model is not one that can be trained or rebuilt here; the message names the field. */
export class ModelConfigError extends Error {
  override name = 'ModelConfigError';
}

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const refuse = (reason: string): never => {
  throw new ModelConfigError(reason);
};

/** Families by `model_type`; all are Llama with or without biases and normalised heads. */
const families: ReadonlyMap<unknown, 'llama' | 'qwen2' | 'qwen3'> = new Map([
  ['llama', 'llama'],
  ['qwen2', 'qwen2'],
  ['qwen3', 'qwen3'],
] as const);

const largest = 1 << 24;

function size(json: Json, field: string, otherwise?: number): number {
  const value = json[field] ?? otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > largest)
    return refuse(`${field} is ${JSON.stringify(value)}`);
  return value;
}

function positive(json: Json, field: string, otherwise?: number): number {
  const value = json[field] ?? otherwise;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return refuse(`${field} is ${JSON.stringify(value)}`);
  return value;
}

function flag(json: Json, field: string): boolean {
  const value = json[field] ?? false;
  return typeof value === 'boolean' ? value : refuse(`${field} is ${JSON.stringify(value)}`);
}

/** Transformers 5 writes `rope_parameters` with the base inside, earlier ones `rope_theta` beside `rope_scaling`. */
function rotary(json: Json): Pick<LlamaConfig, 'theta' | 'rope'> {
  const given = json['rope_parameters'] ?? json['rope_scaling'] ?? {};
  if (!isRecord(given)) return refuse('rope_scaling is not an object');
  if (given['partial_rotary_factor'] !== undefined && given['partial_rotary_factor'] !== 1)
    refuse('partial_rotary_factor: heads that are rotated in part');
  const theta = positive({ rope_theta: given['rope_theta'] ?? json['rope_theta'] }, 'rope_theta', 10000);
  const kind = given['rope_type'] ?? given['type'] ?? 'default';
  if (kind === 'default') return { theta };
  if (kind !== 'llama3') return refuse(`rope_scaling of type ${JSON.stringify(kind)}; only "llama3" is known`);
  const rope: RopeScaling = {
    factor: positive(given, 'factor'),
    lowFreqFactor: positive(given, 'low_freq_factor'),
    highFreqFactor: positive(given, 'high_freq_factor'),
    originalPositions: positive(given, 'original_max_position_embeddings'),
  };
  if (rope.highFreqFactor <= rope.lowFreqFactor) refuse('rope_scaling: high_freq_factor is not above low_freq_factor');
  return { theta, rope };
}

function refuseOthers(json: Json, family: string): void {
  if (json['hidden_act'] !== undefined && json['hidden_act'] !== 'silu') refuse(`hidden_act is ${JSON.stringify(json['hidden_act'])}`);
  if (flag(json, 'mlp_bias')) refuse('mlp_bias: biases in the feed-forward layer');
  if (json['partial_rotary_factor'] !== undefined && json['partial_rotary_factor'] !== 1)
    refuse('partial_rotary_factor: heads that are rotated in part');
  for (const field of ['num_experts', 'num_local_experts', 'n_routed_experts']) if (json[field]) refuse(`${field}: a mixture of experts`);
  if (json['quantization_config']) refuse('quantization_config: the weights are quantised');
  // Qwen configs name a window that is used only when the flag says so.
  const isWindowed = family === 'llama' ? json['sliding_window'] : json['use_sliding_window'];
  if (isWindowed) refuse('sliding_window: attention that does not reach back to the start');
  const layers = json['layer_types'];
  if (layers !== undefined && layers !== null && !(Array.isArray(layers) && layers.every(kind => kind === 'full_attention')))
    refuse('layer_types: layers other than full_attention');
}

/**
 * The model a `config.json` describes: Llama (with or without `attention_bias`), Qwen2 or Qwen3.
 * @param json as parsed
 * @throws ModelConfigError naming the field that is missing, impossible, or stands for something this program does not compute
 */
export function modelConfigOf(json: unknown): LlamaConfig {
  if (!isRecord(json)) return refuse('config.json is not an object');
  const family = families.get(json['model_type']);
  if (!family) return refuse(`model_type is ${JSON.stringify(json['model_type'])}; known are ${[...families.keys()].join(', ')}`);
  refuseOthers(json, family);
  const hidden = size(json, 'hidden_size');
  const heads = size(json, 'num_attention_heads');
  const kvHeads = size(json, 'num_key_value_heads', family === 'llama' ? heads : undefined);
  if (heads % kvHeads) refuse(`num_key_value_heads: ${kvHeads} do not divide ${heads} heads`);
  const headDim = size(json, 'head_dim', family === 'qwen3' ? 128 : hidden / heads);
  if (headDim % 2) refuse(`head_dim is ${headDim}: halves of a head are rotated against each other`);
  const hasBias = flag(json, 'attention_bias');
  const biases = family === 'qwen2' ? 'qkv' : hasBias ? 'qkvo' : undefined;
  return {
    vocab: size(json, 'vocab_size'),
    hidden,
    layers: size(json, 'num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    ff: size(json, 'intermediate_size'),
    eps: positive(json, 'rms_norm_eps', 1e-6),
    ...rotary(json),
    maxPositions: size(json, 'max_position_embeddings'),
    tied: flag(json, 'tie_word_embeddings'),
    ...(biases && { biases }),
    ...(family === 'qwen3' && { qkNorm: true }),
  };
}
