// What a model of the Llama family is: its sizes, its variations (Llama, Qwen2, Qwen3), and the tensors its checkpoint holds.

/** Llama 3's stretching of low rotary frequencies; lengths in tokens. */
export interface RopeScaling {
  factor: number;
  lowFreqFactor: number;
  highFreqFactor: number;
  /** Context of the model before it was stretched. */
  originalPositions: number;
}

export interface LlamaConfig {
  vocab: number;
  hidden: number;
  layers: number;
  heads: number;
  /** Shared key/value heads (grouped queries); divides `heads`. */
  kvHeads: number;
  /** `hidden / heads` unless the model says otherwise; the attention op wants a multiple of 16. */
  headDim: number;
  /** Width of the gated feed-forward layer. */
  ff: number;
  eps: number;
  /** Base of the rotary frequencies. */
  theta: number;
  maxPositions: number;
  /** The head is the embedding, transposed. */
  tied: boolean;
  /** Attention projections that add a bias: none by default, q, k and v in Qwen2, and o too where a config sets `attention_bias`. */
  biases?: 'qkv' | 'qkvo';
  /** Each query and key head is normalised before it is rotated (Qwen3). */
  qkNorm?: boolean;
  /** Without it the frequencies are the plain ones. */
  rope?: RopeScaling;
}

/** Matrices [out, in], row-major, as in Hugging Face checkpoints. */
export interface Weight {
  dims: number[];
  data: Float32Array;
}
/** Hugging Face names: `model.embed_tokens.weight`, `model.layers.0.self_attn.q_proj.weight`, …, `lm_head.weight`. */
export type Weights = Record<string, Weight>;

export const layerPath = (layer: number): string => `model.layers.${layer}`;

/** Name and [out, in] of every tensor the config asks for, in checkpoint order. */
export function llamaShapes(c: LlamaConfig): [name: string, dims: number[]][] {
  const q = c.heads * c.headDim;
  const kv = c.kvHeads * c.headDim;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [c.vocab, c.hidden]]];
  for (let layer = 0; layer < c.layers; layer++) {
    const path = layerPath(layer);
    const projection = (name: string, out: number, width: number): [string, number[]][] => {
      const weight: [string, number[]] = [`${path}.self_attn.${name}.weight`, [out, width]];
      const isBiased = c.biases !== undefined && (name !== 'o_proj' || c.biases === 'qkvo');
      return isBiased ? [weight, [`${path}.self_attn.${name}.bias`, [out]]] : [weight];
    };
    shapes.push(
      [`${path}.input_layernorm.weight`, [c.hidden]],
      ...projection('q_proj', q, c.hidden),
      ...projection('k_proj', kv, c.hidden),
      ...projection('v_proj', kv, c.hidden),
      ...projection('o_proj', c.hidden, q),
    );
    if (c.qkNorm) for (const name of ['q_norm', 'k_norm']) shapes.push([`${path}.self_attn.${name}.weight`, [c.headDim]]);
    shapes.push(
      [`${path}.post_attention_layernorm.weight`, [c.hidden]],
      [`${path}.mlp.gate_proj.weight`, [c.ff, c.hidden]],
      [`${path}.mlp.up_proj.weight`, [c.ff, c.hidden]],
      [`${path}.mlp.down_proj.weight`, [c.hidden, c.ff]],
    );
  }
  shapes.push(['model.norm.weight', [c.hidden]]);
  if (!c.tied) shapes.push(['lm_head.weight', [c.vocab, c.hidden]]);
  return shapes;
}

/** @throws RangeError when the weight is missing or has the wrong shape */
export function weightOf(weights: Weights, name: string, dims: readonly number[]): Weight {
  const weight = weights[name];
  if (!weight) throw new RangeError(`no weight ${name}`);
  const size = dims.reduce((a, b) => a * b, 1);
  if (`${weight.dims}` !== `${dims}` || weight.data.length !== size) throw new RangeError(`${name} is [${weight.dims}], wanted [${dims}]`);
  return weight;
}
