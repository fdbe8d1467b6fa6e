import { describe, expect, it, vi } from 'vitest';
import { llamaShapes, type LlamaConfig, type Weights } from '../llama-shapes';
import type { Batch } from './batch';
import { emitTrainStep } from './emit';
import { runtime } from '../../../test/fixtures/train-runtime';
import { drawn, randomBatch, randomWeights, seeded, tiny } from './fixture';
import type { TrainOptions } from './options';
import { TrainStepper } from './stepper';

// Seconds of arithmetic on a quiet machine; a busy one must not fail them.
vi.setConfig({ testTimeout: 60_000 });

/** With β₁ = 0 and no clipping the first moment after a step is the gradient itself; with rate 0 nothing else moves. */
const bare = { adamw: { beta1: 0, decay: 0 }, maxNorm: Infinity };
const still = { adamw: 0 };

function adapters(config: LlamaConfig, weights: Weights, options: TrainOptions, random: () => number): Weights {
  return Object.fromEntries(emitTrainStep(config, weights, options).trainables.map(p => [p.name, drawn(p.dims, random, 0.3)]));
}

async function gradients(stepper: TrainStepper, batch: Batch): Promise<Record<string, Float32Array>> {
  await stepper.step(batch, still);
  const { tensors } = stepper.exportState();
  return Object.fromEntries(stepper.trainables.map(p => [p.name, tensors[`${p.name}/m`]!.data]));
}

const shapes: [string, Partial<LlamaConfig>][] = [
  ['plain', {}],
  ['grouped queries', { kvHeads: 2 }],
  ['tied head', { tied: true }],
  ['one key head and tied', { kvHeads: 1, tied: true }],
  ['heads wider than the model', { headDim: 6 }],
  ['biases (Qwen2)', { biases: 'qkv', kvHeads: 2, tied: true }],
  ['biases of all four', { biases: 'qkvo' }],
  ['normalised heads (Qwen3)', { qkNorm: true, headDim: 6, kvHeads: 2, tied: true }],
];
const modes: [string, TrainOptions][] = [
  ['full', { mode: 'full', ...bare }],
  ['LoRA', { mode: { r: 3, alpha: 6 }, ...bare }],
];

describe.each(shapes)('%s', (_, change) => {
  it.each(modes)('%s: gradients equal finite differences closely enough to see an error of a twentieth', async (_, options) => {
    const config = { ...tiny, ...change };
    const random = seeded(11);
    const weights = randomWeights(config, random);
    if (options.mode !== 'full') Object.assign(weights, adapters(config, weights, options, random));
    const batch = randomBatch(config, random, 2, 7, i => (i % 7 < 2 ? 0 : 0.05 * (1 + (i % 3))));
    const stepper = await TrainStepper.create(runtime(), config, weights, options);
    const start = stepper.exportState();
    const found = await gradients(stepper, batch);
    const lossAt = async (name: string, value: Float32Array): Promise<number> => {
      stepper.importState({ step: 0, tensors: { ...start.tensors, [name]: { dims: start.tensors[name]!.dims, data: value } } });
      return (await stepper.step(batch, still)).loss;
    };
    /** Four-point difference of the loss along a direction. */
    const slope = async (name: string, direction: (i: number) => number, h = 0.007): Promise<number> => {
      const at = (s: number) =>
        lossAt(
          name,
          start.tensors[name]!.data.map((x, i) => x + s * h * direction(i)),
        );
      return (8 * ((await at(1)) - (await at(-1))) - (await at(2)) + (await at(-2))) / (12 * h);
    };
    let worst = 0;
    let planted = Infinity;
    for (const { name } of stepper.trainables) {
      const g = found[name]!;
      const length = Math.hypot(...g);
      const along = await slope(name, i => g[i]! / length);
      worst = Math.max(worst, Math.abs(along - length) / length);
      planted = Math.min(planted, Math.abs(along - 1.05 * length) / length);
      const largest = [...g.keys()].sort((i, j) => Math.abs(g[j]!) - Math.abs(g[i]!))[0]!;
      worst = Math.max(worst, Math.abs((await slope(name, i => Number(i === largest))) - g[largest]!) / Math.abs(g[largest]!));
    }
    await stepper.dispose();
    expect(stepper.trainables.length).toBe(options.mode === 'full' ? llamaShapes(config).length : 28);
    expect(worst).toBeLessThan(5e-3);
    expect(planted).toBeGreaterThan(4e-2);
  });
});

it('tied: head and embedding add up whichever way rows are summed, over repeated ids, at one thread and at two', async () => {
  const config = { ...tiny, tied: true };
  const random = seeded(3);
  const weights = randomWeights(config, random);
  const batch = randomBatch(config, random, 6, 16, () => 1 / 96);
  batch.ids.forEach((_, i) => (batch.ids[i] = i % 2 ? 4n : 9n));
  const found = [];
  for (const indexSum of ['onehot', 'compare', 'scatter'] as const)
    for (const threads of [1, 2]) {
      const stepper = await TrainStepper.create(runtime(threads), config, weights, { mode: 'full', ...bare, indexSum });
      found.push((await gradients(stepper, batch))['model.embed_tokens.weight']!);
      await stepper.dispose();
    }
  const [first, ...others] = found as [Float32Array, ...Float32Array[]];
  expect(Math.hypot(...first.subarray(4 * config.hidden, 5 * config.hidden))).toBeGreaterThan(0.01);
  for (const other of others) expect(Math.max(...first.map((x, i) => Math.abs(x - other[i]!)))).toBeLessThan(1e-6);
});

it('masked tokens change neither loss nor gradients', async () => {
  const random = seeded(8);
  const weights = randomWeights(tiny, random);
  const options: TrainOptions = { mode: 'full', ...bare };
  const batch = randomBatch(tiny, random, 2, 6, i => (i % 6 < 4 ? 0.1 : 0));
  const other = { ...batch, ids: batch.ids.slice(), targets: batch.targets.slice() };
  for (let i = 0; i < 12; i++) if (i % 6 >= 4) other.ids[i] = other.targets[i] = BigInt((Number(batch.ids[i]) + 5) % tiny.vocab);
  const run = async (b: Batch) => {
    const stepper = await TrainStepper.create(runtime(), tiny, weights, options);
    const g = await gradients(stepper, b);
    const { loss } = await stepper.step(b, still);
    await stepper.dispose();
    return { g, loss };
  };
  const [before, after] = [await run(batch), await run(other)];
  expect(after.loss).toBe(before.loss);
  for (const name in before.g)
    expect(Math.max(...before.g[name]!.map((x, i) => Math.abs(x - after.g[name]![i]!))), name).toBeLessThan(1e-7);
  const learnt = { ...batch, ids: batch.ids.slice() };
  learnt.ids[0] = BigInt((Number(batch.ids[0]) + 5) % tiny.vocab);
  expect((await run(learnt)).loss).not.toBe(before.loss);
});

it('matrices decay; biases and norms do not', () => {
  const config: LlamaConfig = { ...tiny, biases: 'qkvo', qkNorm: true };
  const { trainables } = emitTrainStep(config, randomWeights(config, seeded(1)), { mode: 'full', adamw: { decay: 0.02 } });
  for (const p of trainables) expect(p.decay, p.name).toBe(p.dims.length > 1 ? 0.02 : 0);
});

it('the gradients of two halves of a batch add up to those of the whole', async () => {
  const random = seeded(21);
  const weights = randomWeights(tiny, random);
  const whole = randomBatch(tiny, random, 4, 5, i => 0.01 * (1 + (i % 4)));
  const part = (from: number): Batch => ({
    rows: 2,
    length: 5,
    ids: whole.ids.slice(from, from + 10),
    targets: whole.targets.slice(from, from + 10),
    weights: whole.weights.slice(from, from + 10),
  });
  const stepper = await TrainStepper.create(runtime(), tiny, weights, { mode: 'full', ...bare });
  const [all, first, second] = [await gradients(stepper, whole), await gradients(stepper, part(0)), await gradients(stepper, part(10))];
  await stepper.dispose();
  for (const name in all)
    expect(Math.max(...all[name]!.map((x, i) => Math.abs(x - first[name]![i]! - second[name]![i]!))), name).toBeLessThan(1e-6);
});

it('frozen matrices get no gradient nodes', () => {
  const weights = randomWeights(tiny, seeded(1));
  const products = (options: TrainOptions): [products: number, trainables: number] => {
    const { model, trainables } = emitTrainStep(tiny, weights, options);
    // A weight's gradient is the only product with a transposed left side outside attention.
    const isGradient = (n: { opType?: string; attribute: { name?: string; i?: bigint }[] }) =>
      n.opType === 'Gemm' && n.attribute.some(a => a.name === 'transA' && a.i === 1n);
    return [model.graph!.node.filter(isGradient).length, trainables.length];
  };
  expect(products({ mode: { r: 2, alpha: 2 } })).toEqual([28, 28]);
  expect(products({ mode: { r: 2, alpha: 2, targets: ['down_proj'] } })).toEqual([4, 4]);
  expect(products({ mode: 'full' })).toEqual([16, 21]); // norms are sums, not products
});
