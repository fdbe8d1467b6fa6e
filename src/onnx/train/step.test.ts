import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { llamaShapes, type LlamaConfig, type Weights } from '../llama';
import { encodeModel } from '../proto';
import { adamw } from './optimisers';
import { buildTrainStep, type TrainMode, type TrainStep } from './step';
import { positionTables } from './tables';

const small: LlamaConfig = {
  vocab: 23,
  hidden: 16,
  layers: 2,
  heads: 4,
  kvHeads: 4,
  headDim: 4,
  ff: 24,
  eps: 1e-5,
  theta: 10000,
  maxPositions: 64,
  tied: false,
};
const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const source = (seed: number) => () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 31 - 1;

function randomWeights(c: LlamaConfig, next: () => number): Weights {
  const draw = (dims: number[]) => Float32Array.from({ length: size(dims) }, () => (dims.length === 1 ? 1 + 0.5 * next() : 0.4 * next()));
  return Object.fromEntries(llamaShapes(c).map(([name, dims]) => [name, { dims, data: draw(dims) }]));
}

const f32 = (data: Float32Array | number[], dims: readonly number[]) => new ort.Tensor('float32', Float32Array.from(data), dims);
const i64 = (data: number[], dims: number[]) => new ort.Tensor('int64', BigInt64Array.from(data.map(BigInt)), dims);

interface Batch {
  ids: number[];
  targets: number[];
  weights: number[];
  shape: [number, number];
}
type Values = Record<string, Float32Array>;

/** Runs steps; values and state stay with the caller. */
async function stepper(c: LlamaConfig, mode: TrainMode, threads = 1) {
  const step = buildTrainStep(c, mode);
  const session = await ort.InferenceSession.create(encodeModel(step.model), { intraOpNumThreads: threads });
  const has = (name: string) => session.inputNames.includes(name);
  const run = async (batch: Batch, state: Record<string, ort.Tensor>, rate = 0, t = 1) => {
    const length = batch.shape[1];
    const { cos, sin, mask } = positionTables(length, c.headDim, c.theta);
    return session.run({
      ids: i64(batch.ids, batch.shape),
      tgt: i64(batch.targets, batch.shape),
      wt: f32(batch.weights, batch.shape),
      cos: f32(cos, [length, 1, c.headDim]),
      sin: f32(sin, [length, 1, c.headDim]),
      mask: f32(mask, [length, length]),
      lr: f32([rate], [1]),
      ...(has('muon_lr') ? { muon_lr: f32([rate * 5], [1]) } : {}),
      bc1: f32([1 / (1 - adamw.beta1 ** t)], [1]),
      bc2: f32([1 / (1 - adamw.beta2 ** t)], [1]),
      ...state,
    });
  };
  return { step, run };
}

function stateOf(step: TrainStep, values: Values): Record<string, ort.Tensor> {
  const state: Record<string, ort.Tensor> = {};
  for (const p of step.trainables) {
    state[p.name] = f32(values[p.name]!, p.dims);
    for (const kind of p.state) state[`${p.name}/${kind}`] = f32(new Float32Array(size(p.dims)), p.dims);
  }
  return state;
}
const advance = (state: Record<string, ort.Tensor>, out: ort.InferenceSession.OnnxValueMapType) =>
  Object.fromEntries(Object.keys(state).map(name => [name, out[`${name}/o`] as ort.Tensor]));

function randomBatch(c: LlamaConfig, next: () => number, shape: [number, number], weight: (i: number) => number): Batch {
  const token = () => Math.floor(((next() + 1) / 2) * c.vocab);
  const n = shape[0] * shape[1];
  const ids = Array.from({ length: n }, token);
  return { ids, targets: Array.from({ length: n }, token), weights: ids.map((_, i) => weight(i)), shape };
}

/** The gradient, read from the first moment after one step from zero state: m = (1 − β₁) g as long as nothing is clipped. */
async function gradients(run: Awaited<ReturnType<typeof stepper>>['run'], step: TrainStep, values: Values, batch: Batch): Promise<Values> {
  const out = await run(batch, stateOf(step, values));
  const found = Object.fromEntries(
    step.trainables.map(p => [p.name, (out[`${p.name}/m/o`]!.data as Float32Array).map(x => x / (1 - adamw.beta1))]),
  );
  const norm = Math.hypot(...Object.values(found).map(g => Math.hypot(...g)));
  expect(norm, 'gradient norm: clipping would hide its scale').toBeLessThan(0.99);
  return found;
}

describe('training step', () => {
  const shapes: [string, Partial<LlamaConfig>][] = [
    ['plain', {}],
    ['grouped queries', { kvHeads: 2 }],
    ['tied head', { tied: true }],
    ['one key head, tied', { kvHeads: 1, tied: true }],
  ];
  for (const [label, change] of shapes)
    for (const kind of ['full', 'lora'] as const)
      it(`${label}, ${kind}: every gradient equals finite differences, and a planted error of 5 % would be seen`, async () => {
        const c = { ...small, ...change };
        const next = source(11);
        const weights = randomWeights(c, next);
        const { step, run } = await stepper(c, kind === 'full' ? { kind, hidden: 'adamw' } : { kind, rank: 3, alpha: 6, weights });
        const values: Values = Object.fromEntries(
          step.trainables.map(p => [p.name, weights[p.name]?.data ?? Float32Array.from({ length: size(p.dims) }, () => 0.3 * next())]),
        );
        const batch = randomBatch(c, next, [2, 7], i => (i % 7 < 2 ? 0 : 0.002 * (1 + (i % 3))));
        const gradient = await gradients(run, step, values, batch);
        const loss = async (name: string, direction: (i: number) => number, h: number) => {
          const moved = { ...values, [name]: values[name]!.map((x, i) => x + h * direction(i)) };
          return ((await run(batch, stateOf(step, moved))).loss!.data as Float32Array)[0]!;
        };
        const slope = async (name: string, direction: (i: number) => number, h = 0.007) => {
          const at = (s: number) => loss(name, direction, s * h);
          return (8 * ((await at(1)) - (await at(-1))) - (await at(2)) + (await at(-2))) / (12 * h);
        };
        let worst = 0;
        let planted = Infinity;
        for (const { name } of step.trainables) {
          const g = gradient[name]!;
          const length = Math.hypot(...g);
          const along = await slope(name, i => g[i]! / length);
          worst = Math.max(worst, Math.abs(along - length) / length);
          planted = Math.min(planted, Math.abs(along - 1.05 * length) / length);
          const top = [...g.keys()].sort((i, j) => Math.abs(g[j]!) - Math.abs(g[i]!))[0]!;
          worst = Math.max(worst, Math.abs((await slope(name, i => +(i === top))) - g[top]!) / Math.abs(g[top]!));
        }
        expect(worst).toBeLessThan(8e-3);
        expect(planted).toBeGreaterThan(3e-2);
      });

  it('sums embedding gradients of repeated ids, at one thread and at two', async () => {
    const next = source(3);
    const values = Object.fromEntries(Object.entries(randomWeights(small, next)).map(([name, w]) => [name, w.data]));
    const batch = randomBatch(small, next, [3, 6], () => 0.003);
    batch.ids = batch.ids.map((_, i) => (i % 2 ? 4 : 9));
    const single = await stepper(small, { kind: 'full', hidden: 'adamw' });
    const pair = await stepper(small, { kind: 'full', hidden: 'adamw' }, 2);
    const name = 'model.embed_tokens.weight';
    const one = (await gradients(single.run, single.step, values, batch))[name]!;
    const two = (await gradients(pair.run, pair.step, values, batch))[name]!;
    expect(Math.max(...one.map((x, i) => Math.abs(x - two[i]!)))).toBeLessThan(1e-7);
    // Moving both rows by the same direction must change the loss by the sum of all their uses.
    const h = 0.01;
    const moved = async (s: number) => {
      const table = values[name]!.map((x, i) => x + (Math.floor(i / small.hidden) === 9 && i % small.hidden === 2 ? s * h : 0));
      return ((await single.run(batch, stateOf(single.step, { ...values, [name]: table }))).loss!.data as Float32Array)[0]!;
    };
    const slope = ((await moved(1)) - (await moved(-1))) / (2 * h);
    expect(Math.abs(slope - one[9 * small.hidden + 2]!)).toBeLessThan(0.02 * Math.abs(slope) + 1e-5);
  });

  it('pins six losses of each mode, the same at one thread and at two', async () => {
    const losses = async (mode: (w: Weights) => TrainMode, threads: number) => {
      const next = source(5);
      const c = { ...small, kvHeads: 2 };
      const weights = randomWeights(c, next);
      const { step, run } = await stepper(c, mode(weights), threads);
      const batch = randomBatch(c, next, [4, 8], () => 1 / 32);
      let state = stateOf(
        step,
        Object.fromEntries(
          step.trainables.map(p => [
            p.name,
            weights[p.name]?.data ?? new Float32Array(size(p.dims)).fill(p.name.includes('lora_A') ? 0.1 : 0),
          ]),
        ),
      );
      const seen: number[] = [];
      for (let t = 1; t <= 6; t++) {
        const out = await run(batch, state, 1e-2, t);
        seen.push((out.loss!.data as Float32Array)[0]!);
        state = advance(state, out);
      }
      return seen;
    };
    const modes: ((w: Weights) => TrainMode)[] = [
      () => ({ kind: 'full', hidden: 'adamw' }),
      () => ({ kind: 'full', hidden: 'muon' }),
      weights => ({ kind: 'lora', rank: 4, alpha: 8, weights }),
    ];
    const all = await Promise.all(modes.map(mode => losses(mode, 1)));
    expect(await losses(modes[1]!, 2)).toEqual(all[1]);
    expect(all[2]![0]).toBeCloseTo(all[0]![0]!, 5); // B = 0 leaves the base as it is
    expect(all.map(seen => seen.map(x => x.toFixed(4)).join(' '))).toMatchInlineSnapshot(`
      [
        "3.6565 2.9176 2.4520 2.1015 1.8050 1.5609",
        "3.6565 2.9027 2.3527 1.9494 1.6375 1.4479",
        "3.6565 3.5125 3.3356 3.1748 3.0103 2.8462",
      ]
    `);
  });

  it('lets masked tokens and padding change nothing', async () => {
    const next = source(8);
    const values = Object.fromEntries(Object.entries(randomWeights(small, next)).map(([name, w]) => [name, w.data]));
    const { step, run } = await stepper(small, { kind: 'full', hidden: 'adamw' });
    const batch = randomBatch(small, next, [2, 6], i => (i % 6 < 4 ? 0.01 : 0));
    const before = await gradients(run, step, values, batch);
    const padded = {
      ...batch,
      ids: batch.ids.map((id, i) => (i % 6 < 4 ? id : 0)),
      targets: batch.targets.map((id, i) => (i % 6 < 4 ? id : 0)),
    };
    const after = await gradients(run, step, values, padded);
    for (const { name } of step.trainables)
      expect(Math.max(...after[name]!.map((x, i) => Math.abs(x - before[name]![i]!)))).toBeLessThan(1e-6);
  });
});
