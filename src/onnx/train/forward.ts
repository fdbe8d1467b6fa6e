// The forward pass of a Llama-architecture decoder (Llama, Qwen2, Qwen3) on a tape; the same function as the inference graph of `../llama`, without a cache.
import type { LlamaConfig } from '../llama-shapes';
import { Attention } from './attention';
import { add, embedding, linear, pick, reshape, rmsNorm, swiglu } from './ops';
import { settings, type TrainOptions } from './options';
import type { Parameters } from './parameters';
import type { Tape } from './tape';

/** int64 [B, T], rotary tables [T, headDim / 2], additive mask [T, T]. */
export interface ForwardInputs {
  ids: string;
  cos: string;
  sin: string;
  mask: string;
  /** The positions b·T + t whose logits are wanted, int64 [N]. */
  rows: string;
  /** For each of the B·T positions its place in `rows`, or N; asked for only where gradients flow. */
  back: () => string;
}

/** Logits [N, vocab] of the wanted positions. All others leave the last layer right behind its attention: nothing further depends on them. */
export function llamaLogits(t: Tape, c: LlamaConfig, parameters: Parameters, inputs: ForwardInputs, options: TrainOptions): string {
  const g = t.graph;
  const attention = new Attention(t, c, { ...inputs, batch: g.node('Shape', [inputs.ids]) }, options.webgpu);
  const normalise = (x: string, path: string): string => rmsNorm(t, x, parameters.weight(path), c.eps);
  const wanted = (x: string, width: number): string => pick(t, x, inputs.rows, inputs.back, width);
  /** A projection whose heads are each normalised on their own, where the model does so. */
  const normed = (x: string, path: string, heads: number): string => {
    if (!c.qkNorm) return x;
    const width = heads * c.headDim;
    return reshape(t, normalise(reshape(t, x, [width, c.headDim]), path), [c.headDim, width]);
  };
  const table = parameters.weight('model.embed_tokens');
  let x = embedding(t, table, g.node('Reshape', [inputs.ids, g.ints([-1])]), [c.vocab, c.hidden], settings(options).indexSumOf(c.vocab));
  for (let layer = 0; layer < c.layers; layer++) {
    const path = `model.layers.${layer}`;
    const h = normalise(x, `${path}.input_layernorm`);
    const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map(name => parameters.linear(h, `${path}.self_attn.${name}`)) as [
      string,
      string,
      string,
    ];
    let seen = attention.apply(normed(q, `${path}.self_attn.q_norm`, c.heads), normed(k, `${path}.self_attn.k_norm`, c.kvHeads), v);
    if (layer === c.layers - 1) {
      seen = wanted(seen, c.heads * c.headDim);
      x = wanted(x, c.hidden);
    }
    x = add(t, x, parameters.linear(seen, `${path}.self_attn.o_proj`));
    const m = normalise(x, `${path}.post_attention_layernorm`);
    const gated = swiglu(t, parameters.linear(m, `${path}.mlp.gate_proj`), parameters.linear(m, `${path}.mlp.up_proj`));
    x = add(t, x, parameters.linear(gated, `${path}.mlp.down_proj`));
  }
  return linear(t, normalise(x, 'model.norm'), c.tied ? table : parameters.weight('lm_head'));
}
