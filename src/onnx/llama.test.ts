import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { fromHalves, toHalves } from './half';
import { buildLlama, llamaShapes, type LlamaConfig, type LlamaOptions, type Weights } from './llama';
import { encodeModel } from './proto';

const base: LlamaConfig = {
  vocab: 29,
  hidden: 64,
  layers: 2,
  heads: 4,
  kvHeads: 4,
  headDim: 16,
  ff: 24,
  eps: 1e-5,
  theta: 10000,
  maxPositions: 64,
  tied: false,
};

function randomWeights(c: LlamaConfig, seed = 1): Weights {
  const next = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 31 - 1;
  const size = (dims: number[]) => dims.reduce((a, b) => a * b, 1);
  // Halves exactly, so that both storages hold the same numbers.
  const draw = (dims: number[]) =>
    fromHalves(toHalves(Float32Array.from({ length: size(dims) }, () => (dims.length === 1 ? 1 : 0) + next() * 0.5)));
  return Object.fromEntries(llamaShapes(c).map(([name, dims]) => [name, { dims, data: draw(dims) }]));
}

/** Float64 forward of one row in plain loops: what the graph must compute. Returns logits [sequence][vocab]. */
function reference(c: LlamaConfig, w: Weights, ids: number[]): number[][] {
  const apply = (name: string, x: number[]) => {
    const { dims, data } = w[name]!;
    const bias = w[name.replace('.weight', '.bias')]?.data;
    return Array.from({ length: dims[0]! }, (_, o) => x.reduce((sum, v, i) => sum + v * data[o * dims[1]! + i]!, bias?.[o] ?? 0));
  };
  const norm = (name: string, x: number[]) => {
    const r = 1 / Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length + c.eps);
    return x.map((v, i) => v * r * w[name]!.data[i]!);
  };
  const headNorm = (name: string, x: number[]) =>
    c.qkNorm ? Array.from({ length: x.length / c.headDim }, (_, n) => norm(name, x.slice(n * c.headDim, (n + 1) * c.headDim))).flat() : x;
  const rotate = (x: number[], t: number) =>
    x.map((v, i) => {
      const half = c.headDim / 2;
      const j = i % c.headDim;
      let angle = t / c.theta ** ((2 * (j % half)) / c.headDim);
      if (c.rope) {
        // As transformers writes it: by wave length.
        const { factor, lowFreqFactor, highFreqFactor, originalPositions } = c.rope;
        const wave = (2 * Math.PI * t) / angle;
        const smooth = (originalPositions / wave - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
        if (wave > originalPositions / lowFreqFactor) angle /= factor;
        else if (wave >= originalPositions / highFreqFactor) angle = (1 - smooth) * (angle / factor) + smooth * angle;
      }
      return v * Math.cos(angle) + (j < half ? -x[i + half]! : x[i - half]!) * Math.sin(angle);
    });
  const add = (a: number[], b: number[]) => a.map((v, i) => v + b[i]!);
  let rows = ids.map(id => [...w['model.embed_tokens.weight']!.data.subarray(id * c.hidden, (id + 1) * c.hidden)]);
  for (let l = 0; l < c.layers; l++) {
    const p = `model.layers.${l}`;
    const h = rows.map(x => norm(`${p}.input_layernorm.weight`, x));
    const q = h.map((x, t) => rotate(headNorm(`${p}.self_attn.q_norm.weight`, apply(`${p}.self_attn.q_proj.weight`, x)), t));
    const k = h.map((x, t) => rotate(headNorm(`${p}.self_attn.k_norm.weight`, apply(`${p}.self_attn.k_proj.weight`, x)), t));
    const v = h.map(x => apply(`${p}.self_attn.v_proj.weight`, x));
    rows = rows.map((x, t) => {
      const heads = Array.from({ length: c.heads }, (_, head) => {
        const shared = Math.floor(head / (c.heads / c.kvHeads));
        const cut = (row: number[], n: number) => row.slice(n * c.headDim, (n + 1) * c.headDim);
        const e = k
          .slice(0, t + 1)
          .map(key => Math.exp(cut(q[t]!, head).reduce((s, a, i) => s + a * cut(key, shared)[i]!, 0) / Math.sqrt(c.headDim)));
        const sum = e.reduce((a, b) => a + b);
        return Array.from({ length: c.headDim }, (_, i) => e.reduce((s, a, j) => s + (a / sum) * cut(v[j]!, shared)[i]!, 0));
      });
      return add(x, apply(`${p}.self_attn.o_proj.weight`, heads.flat()));
    });
    rows = rows.map(x => {
      const m = norm(`${p}.post_attention_layernorm.weight`, x);
      const gate = apply(`${p}.mlp.gate_proj.weight`, m);
      const up = apply(`${p}.mlp.up_proj.weight`, m);
      return add(
        x,
        apply(
          `${p}.mlp.down_proj.weight`,
          gate.map((a, i) => (a / (1 + Math.exp(-a))) * up[i]!),
        ),
      );
    });
  }
  return rows.map(x => apply(c.tied ? 'model.embed_tokens.weight' : 'lm_head.weight', norm('model.norm.weight', x)));
}

const int64 = (values: number[], dims: number[]) => new ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);
function emptyPast(c: LlamaConfig, batch: number): Record<string, ort.Tensor> {
  const names = Array.from({ length: c.layers }, (_, l) => [`past_key_values.${l}.key`, `past_key_values.${l}.value`]).flat();
  return Object.fromEntries(names.map(name => [name, new ort.Tensor('float32', new Float32Array(0), [batch, c.kvHeads, 0, c.headDim])]));
}
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce<number>((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);
const load = (c: LlamaConfig, w: Weights, options?: LlamaOptions) => ort.InferenceSession.create(encodeModel(buildLlama(c, w, options)));

describe('Llama inference graph', () => {
  const variants: [string, Partial<LlamaConfig>, LlamaOptions][] = [
    ['plain', {}, {}],
    ['grouped queries', { kvHeads: 2 }, {}],
    ['tied', { tied: true, kvHeads: 1 }, {}],
    ['packed qkv', { kvHeads: 2 }, { qkv: 'packed' }],
    ['packed and split qkv', { kvHeads: 2 }, { qkv: 'packed-split' }],
    ['halves', {}, { storage: 'float16' }],
    ['biases of q, k and v (Qwen2)', { kvHeads: 2, biases: 'qkv' }, {}],
    ['biases, packed', { kvHeads: 2, biases: 'qkv' }, { qkv: 'packed' }],
    ['biases of all four', { biases: 'qkvo' }, { storage: 'float16' }],
    ['normalised heads, wider than the model (Qwen3)', { kvHeads: 2, headDim: 32, qkNorm: true, tied: true }, {}],
    ['normalised heads, packed and split', { kvHeads: 2, qkNorm: true }, { qkv: 'packed-split' }],
    ['stretched frequencies (Llama 3)', { rope: { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 64 } }, {}],
    ['halves, tied, packed', { tied: true, kvHeads: 2 }, { storage: 'float16', qkv: 'packed' }],
  ];
  it.each(variants)('computes the architecture: %s', async (_, change, options) => {
    const c = { ...base, ...change };
    const w = randomWeights(c);
    const session = await load(c, w, options);
    const ids = [3, 17, 5, 28, 0, 9];
    const { logits } = await session.run({
      input_ids: int64(ids, [1, 6]),
      attention_mask: int64(Array(6).fill(1), [1, 6]),
      ...emptyPast(c, 1),
    });
    const want = reference(c, w, ids);
    expect(logits!.dims).toEqual([1, 6, c.vocab]);
    expect(worst(logits!.data as Float32Array, want.flat())).toBeLessThan(2e-5);
    const swapped = [...ids];
    swapped[1] = 18;
    expect(worst(reference(c, w, swapped).flat(), want.flat())).toBeGreaterThan(0.1); // the bound above would see a wrong token
  });

  it('cannot normalise heads inside one packed projection', () => {
    const c = { ...base, qkNorm: true };
    expect(() => buildLlama(c, randomWeights(c), { qkv: 'packed' })).toThrow('must leave their projection apart');
  });

  it('continues right-padded rows of unequal length as if each were alone', async () => {
    const c = { ...base, kvHeads: 2 };
    const w = randomWeights(c, 7);
    const session = await load(c, w);
    const rows = [
      [4, 8, 15, 16, 23],
      [7, 11],
    ];
    const width = 5;
    const ids = rows.flatMap(row => [...row, ...Array(width - row.length).fill(0)]);
    const mask = (extra: number) => rows.flatMap(row => Array.from({ length: width + extra }, (_, i) => +(i < row.length + extra)));
    const first = await session.run({ input_ids: int64(ids, [2, width]), attention_mask: int64(mask(0), [2, width]), ...emptyPast(c, 2) });
    const past = Object.fromEntries(
      Object.entries(first).flatMap(([name, t]) => (name === 'logits' ? [] : [[name.replace('present', 'past_key_values'), t]])),
    );
    const next = [2, 21];
    const second = await session.run({ input_ids: int64(next, [2, 1]), attention_mask: int64(mask(1), [2, width + 1]), ...past });
    rows.forEach((row, r) => {
      const want = reference(c, w, [...row, next[r]!]);
      const at = (t: ort.Tensor, i: number) => (t.data as Float32Array).subarray(i * c.vocab, (i + 1) * c.vocab);
      expect(worst(at(first.logits!, r * width + row.length - 1), want.at(-2)!)).toBeLessThan(2e-5);
      expect(worst(at(second.logits!, r), want.at(-1)!)).toBeLessThan(2e-5);
    });
  });

  it('names nodes by module path and refuses wrong weights', () => {
    const w = randomWeights(base);
    const names = buildLlama(base, w).graph!.node.map(n => n.name);
    expect(names).toContain('/model/layers.1/self_attn/q_proj/MatMul');
    expect(names).toContain('/model/layers.0/mlp/down_proj/MatMul');
    expect(names).toContain('/lm_head/MatMul');
    expect(() => buildLlama({ ...base, ff: 25 }, w)).toThrow(/gate_proj/);
    expect(() => buildLlama({ ...base, layers: 3 }, w)).toThrow(/no weight model\.layers\.2/);
  });
});
