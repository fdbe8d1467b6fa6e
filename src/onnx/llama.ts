// Emits the inference graph of a decoder of the Llama family: hub input names, KV cache, module paths as node names (adapter surgery finds them).
import { GraphBuilder } from './graph';
import { toHalves } from './half';
import { layerPath, llamaShapes, weightOf, type LlamaConfig, type Weight, type Weights } from './llama-shapes';
import { DataType, type ModelProto } from './proto';
import { rotaryFrequencies } from './rotary';

export { llamaShapes, type LlamaConfig, type Weight, type Weights } from './llama-shapes';

/** How the three attention projections stand in the graph: apart, or fused and read by the attention op, or fused and split. */
export type QkvLayout = 'separate' | 'packed' | 'packed-split';

export interface LlamaOptions {
  qkv?: QkvLayout;
  /** Storage of matrices; halves are cast to float32 in the graph, so the arithmetic is the same everywhere. */
  storage?: 'float32' | 'float16';
}

/** `model.layers.0.mlp` → `/model/layers.0/mlp`. */
const nodePath = (path: string): string => `/${path.replace(/\.(?=\D)/g, '/')}`;

/** Stacks matrices [out, in] along `out` and transposes them to [in, Σ out], the layout MatMul needs. */
function transposed(parts: readonly Weight[]): Weight {
  const rows = parts.reduce((sum, p) => sum + p.dims[0]!, 0);
  const columns = parts[0]!.dims[1]!;
  const data = new Float32Array(rows * columns);
  let at = 0;
  for (const part of parts)
    for (let row = 0; row < part.dims[0]!; row++, at++)
      for (let column = 0; column < columns; column++) data[column * rows + at] = part.data[row * columns + column]!;
  return { dims: [columns, rows], data };
}

/** cos and sin of position × frequency, [maxPositions, headDim / 2] each. */
function rotaryTables(c: LlamaConfig): { cos: Float32Array; sin: Float32Array } {
  const half = c.headDim / 2;
  const frequencies = rotaryFrequencies(c);
  const angle = Float64Array.from({ length: c.maxPositions * half }, (_, i) => Math.floor(i / half) * frequencies[i % half]!);
  return { cos: Float32Array.from(angle, Math.cos), sin: Float32Array.from(angle, Math.sin) };
}

/**
 * Inputs `input_ids` [batch, sequence], `attention_mask` [batch, total] and `past_key_values.N.{key,value}` [batch, kvHeads, past, headDim];
 * outputs `logits` [batch, sequence, vocab] and `present.N.{key,value}`. No `position_ids`: the attention op counts them from the mask,
 * so rows of unequal length must be padded on the right.
 * @throws RangeError when a weight is missing or has the wrong shape, or heads are to be normalised inside a packed projection
 */
export function buildLlama(c: LlamaConfig, weights: Weights, options: LlamaOptions = {}): ModelProto {
  const { qkv = 'separate', storage = 'float32' } = options;
  if (c.qkNorm && qkv === 'packed') throw new RangeError('queries and keys to be normalised must leave their projection apart');
  const g = new GraphBuilder();
  const dims = new Map(llamaShapes(c));
  const weight = (name: string): Weight => weightOf(weights, name, dims.get(name)!);

  const matrix = (name: string, { dims: shape, data }: Weight): string => {
    if (storage === 'float32') return g.initializer(name, shape, DataType.float, data);
    return g.node(
      'Cast',
      [g.initializer(name, shape, DataType.float16, toHalves(data))],
      { to: DataType.float },
      { name: `/${name}/Cast` },
    );
  };
  const linear = (x: string, path: string, parts: readonly string[]): string => {
    const stored = matrix(`${path}.MatMul.weight`, transposed(parts.map(name => weight(`${name}.weight`))));
    const node = nodePath(path);
    const y = g.node('MatMul', [x, stored], {}, { name: `${node}/MatMul`, outputs: [`${node}/MatMul/output_0`] });
    if (!dims.has(`${parts[0]!}.bias`)) return y;
    const values = parts.flatMap(name => [...weight(`${name}.bias`).data]);
    const bias = g.initializer(`${path}.Add.bias`, [values.length], DataType.float, Float32Array.from(values));
    return g.node('Add', [y, bias], {}, { name: `${node}/Add`, outputs: [`${node}/Add/output_0`] });
  };
  const module = (x: string, path: string): string => linear(x, path, [path]);
  const scale = (path: string): string => {
    const { dims: shape, data } = weight(`${path}.weight`);
    return g.initializer(`${path}.weight`, shape, DataType.float, data);
  };
  const epsilon = { epsilon: { float: c.eps } };

  const ids = g.input('input_ids', DataType.int64, ['batch_size', 'sequence_length']);
  const mask = g.input('attention_mask', DataType.int64, ['batch_size', 'total_sequence_length']);
  const cast = (x: string): string => g.node('Cast', [x], { to: DataType.int32 });
  const lastKey = cast(g.node('Sub', [g.node('ReduceSum', [mask, g.ints([1])], { keepdims: 0 }), g.int(1)]));
  const total = cast(g.node('Gather', [g.node('Shape', [mask]), g.int(1)]));
  const rotary = rotaryTables(c);
  const cache = (name: 'cos' | 'sin'): string =>
    g.initializer(`${name}_cache`, [c.maxPositions, c.headDim / 2], DataType.float, rotary[name]);
  const [cos, sin] = [cache('cos'), cache('sin')];

  const projections = (h: string, path: string): string[] => {
    const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map(name => `${path}.${name}`) as [string, string, string];
    if (qkv === 'separate') return [module(h, q), module(h, k), module(h, v)];
    const packed = linear(h, `${path}.qkv_proj`, [q, k, v]);
    if (qkv === 'packed') return [packed, '', ''];
    const widths = [c.heads, c.kvHeads, c.kvHeads].map(n => n * c.headDim);
    return g.nodes(3, 'Split', [packed, g.ints(widths)], { axis: -1 }, { name: `${nodePath(path)}/Split` });
  };
  /** Normalises every head of a projection on its own. */
  const headNorm = (x: string, path: string, heads: number): string => {
    const apart = g.node('Reshape', [x, g.ints([0, 0, heads, c.headDim])]);
    const attributes = { axis: -1, stash_type: 1, ...epsilon };
    const unit = g.node('SimplifiedLayerNormalization', [apart, scale(path)], attributes, { name: `${nodePath(path)}/Norm` });
    return g.node('Reshape', [unit, g.ints([0, 0, heads * c.headDim])]);
  };
  const attention = (h: string, layer: number): string => {
    const path = `${layerPath(layer)}.self_attn`;
    const kv = (length: string): (string | number)[] => ['batch_size', c.kvHeads, length, c.headDim];
    const past = ['key', 'value'].map(n => g.input(`past_key_values.${layer}.${n}`, DataType.float, kv('past_sequence_length')));
    const [query, key, v] = projections(h, path) as [string, string, string];
    const q = c.qkNorm ? headNorm(query, `${path}.q_norm`, c.heads) : query;
    const k = c.qkNorm ? headNorm(key, `${path}.k_norm`, c.kvHeads) : key;
    const [out, ...present] = g.nodes(
      3,
      'GroupQueryAttention',
      [q, k, v, ...past, lastKey, total, cos, sin],
      { num_heads: c.heads, kv_num_heads: c.kvHeads, do_rotary: 1, scale: { float: 1 / Math.sqrt(c.headDim) } },
      {
        domain: 'com.microsoft',
        name: `${nodePath(path)}/GroupQueryAttention`,
        outputs: [`attention.${layer}`, `present.${layer}.key`, `present.${layer}.value`],
      },
    );
    for (const name of present) g.output(name, name, DataType.float, kv('total_sequence_length'));
    return module(out!, `${path}.o_proj`);
  };
  const feedForward = (h: string, layer: number): string => {
    const path = `${layerPath(layer)}.mlp`;
    const gate = module(h, `${path}.gate_proj`);
    const gated = g.node('Mul', [g.node('Mul', [gate, g.node('Sigmoid', [gate])]), module(h, `${path}.up_proj`)]);
    return module(gated, `${path}.down_proj`);
  };

  const table = (name: string): string =>
    storage === 'float32'
      ? g.initializer(name, [c.vocab, c.hidden], DataType.float, weight(name).data)
      : g.initializer(name, [c.vocab, c.hidden], DataType.float16, toHalves(weight(name).data));
  const embedding = table('model.embed_tokens.weight');
  const gathered = g.node('Gather', [embedding, ids], {}, { name: '/model/embed_tokens/Gather' });
  let residual = storage === 'float32' ? gathered : g.node('Cast', [gathered], { to: DataType.float });
  // Each normalisation also adds the branch before it to the residual stream, which saves a pass over it.
  const normalise = (branch: string | null, path: string): string => {
    if (branch === null)
      return g.node('SimplifiedLayerNormalization', [residual, scale(path)], { axis: -1, stash_type: 1, ...epsilon }, { name: `/${path}` });
    const out = g.nodes(4, 'SkipSimplifiedLayerNormalization', [residual, branch, scale(path)], epsilon, {
      domain: 'com.microsoft',
      name: `/${path}`,
      outputs: [`${path}/output_0`, '', '', `${path}/sum`],
    });
    residual = out[3]!;
    return out[0]!;
  };
  let branch: string | null = null;
  for (let layer = 0; layer < c.layers; layer++) {
    branch = attention(normalise(branch, `${layerPath(layer)}.input_layernorm`), layer);
    branch = feedForward(normalise(branch, `${layerPath(layer)}.post_attention_layernorm`), layer);
  }
  const last = normalise(branch, 'model.norm');
  if (c.tied) {
    const head = storage === 'float32' ? embedding : g.node('Cast', [embedding], { to: DataType.float });
    g.node('MatMul', [last, g.node('Transpose', [head], { perm: [1, 0] })], {}, { name: '/lm_head/MatMul', outputs: ['logits'] });
  } else {
    const stored = matrix('lm_head.MatMul.weight', transposed([weight('lm_head.weight')]));
    g.node('MatMul', [last, stored], {}, { name: '/lm_head/MatMul', outputs: ['logits'] });
  }
  g.output('logits', 'logits', DataType.float, ['batch_size', 'sequence_length', c.vocab]);
  return g.build('llama');
}
