import { expect, it } from 'vitest';
import { runtime } from '../../../test/fixtures/train-runtime';
import type { LlamaConfig, Weights } from '../llama-shapes';
import { initialAdapters } from './adapters';
import { makeBatch, microBatches, type TrainRow } from './batch';
import { emitTrainStep } from './emit';
import { randomWeights, seeded, tiny } from './fixture';
import type { TrainOptions } from './options';
import { TrainStepper } from './stepper';

const config: LlamaConfig = { ...tiny, kvHeads: 2, biases: 'qkv', qkNorm: true };
const full: TrainOptions = { mode: 'full' };
const lora: TrainOptions = { mode: { r: 4, alpha: 8 } };
const muon: TrainOptions = { mode: 'full', optimiser: 'muon' };
const rates = { adamw: 0.01, muon: 0.02 };

function weightsFor(options: TrainOptions): Weights {
  const random = seeded(5);
  const weights = randomWeights(config, random);
  if (options.mode === 'full') return weights;
  return { ...weights, ...initialAdapters(emitTrainStep(config, weights, options).trainables, random) };
}
const start = (options: TrainOptions) => TrainStepper.create(runtime(), config, weightsFor(options), options);

/** Seven rows of different lengths, with turns that are not learnt between those that are. */
function rowsOf(seed: number): TrainRow[] {
  const random = seeded(seed);
  return Array.from({ length: 7 }, (_, r) => {
    const ids = Array.from({ length: 4 + r }, () => Math.floor(random() * config.vocab));
    return { ids, mask: ids.map((_, i) => Number(i % 4 === 3 || random() < 0.3)) };
  });
}
const furthest = (a: Weights, b: Weights): number =>
  Math.max(...Object.entries(a).flatMap(([name, { data }]) => Array.from(data, (x, i) => Math.abs(x - b[name]!.data[i]!))));

it.each([
  ['AdamW', full],
  ['LoRA', lora],
  ['Muon', muon],
])('%s: steps over parts of a batch are those over the whole', async (_, options) => {
  const [whole, parts, single] = [await start(options), await start(options), await start(options)];
  for (let i = 0; i < 4; i++) {
    const rows = rowsOf(i);
    const one = await whole.step(makeBatch(rows, 0), rates);
    const sum = await parts.step(microBatches(rows, 3, 0), rates);
    await single.step(microBatches(rows, 1, 0), rates);
    expect(sum.loss).toBeCloseTo(one.loss, 5);
    expect(sum.norm / one.norm).toBeCloseTo(1, 4);
    expect({ tokens: sum.tokens, correct: sum.correct }).toEqual({ tokens: one.tokens, correct: one.correct });
    expect(one.tokens).toBe(rows.reduce((n, row) => n + row.mask!.slice(1).reduce((a, b) => a + b, 0), 0));
  }
  // AdamW turns rounding of a gradient near zero into a share of its rate.
  expect(furthest(parts.exportWeights(), whole.exportWeights())).toBeLessThan(2e-4);
  expect(furthest(single.exportWeights(), whole.exportWeights())).toBeLessThan(2e-4);
  expect(furthest(whole.exportWeights(), weightsFor(options))).toBeGreaterThan(1e-2);
  for (const stepper of [whole, parts, single]) await stepper.dispose();
});

it('a part that is left out, or weighed as a batch of its own, is seen', async () => {
  const rows = rowsOf(1);
  const [whole, less, reweighed] = [await start(full), await start(full), await start(full)];
  const { norm } = await whole.step(makeBatch(rows, 0), rates);
  const parts = microBatches(rows, 4, 0);
  expect(Math.abs((await less.step(parts.slice(1), rates)).norm / norm - 1)).toBeGreaterThan(0.01);
  const own = [makeBatch(rows.slice(0, 4), 0), makeBatch(rows.slice(4), 0)];
  expect(Math.abs((await reweighed.step(own, rates)).norm / norm - 1)).toBeGreaterThan(0.01);
  for (const stepper of [whole, less, reweighed]) await stepper.dispose();
});

it.each([
  ['AdamW', full],
  ['LoRA', lora],
])('%s: resumed between steps of parts, a run equals one without interruption to the bit', async (_, options) => {
  // The last step has one part only and takes the other way through the graphs, as the last batch of an epoch may.
  const plan = [0, 1, 2, 3].map(i => microBatches(rowsOf(i), i === 3 ? 7 : 3, 0));
  const through = await start(options);
  for (const parts of plan) await through.step(parts, rates);
  const before = await start(options);
  for (const parts of plan.slice(0, 2)) await before.step(parts, rates);
  const after = await start(options);
  after.importState(before.exportState());
  for (const parts of plan.slice(2)) {
    await after.evaluate(parts[0]!); // changes nothing
    await after.step(parts, rates);
  }
  expect(after.exportState()).toEqual(through.exportState());
  for (const stepper of [through, before, after]) await stepper.dispose();
});

it('a part that is not finite, or refused, leaves the state as it was', async () => {
  const stepper = await start(full);
  await stepper.step(microBatches(rowsOf(0), 3, 0), rates);
  const before = stepper.exportState();
  const parts = microBatches(rowsOf(1), 3, 0);
  const broken = { ...parts[1]!, weights: parts[1]!.weights.map(w => (w ? Infinity : 0)) };
  await expect(stepper.step([parts[0]!, broken, parts[2]!], rates)).rejects.toThrow(/step 2: loss/);
  await expect(stepper.step([], rates)).rejects.toThrow('a step over no batch');
  await expect(stepper.step([parts[0]!, { ...parts[1]!, weights: parts[1]!.weights.map(() => 0) }], rates)).rejects.toThrow(
    'no token of the batch is learnt',
  );
  expect(stepper.exportState()).toEqual(before);
  await stepper.dispose();
});

it('evaluates rows alone: their likelihoods make the loss of a step, whatever their weights', async () => {
  const stepper = await start(full);
  const rows = rowsOf(3);
  const batch = makeBatch(rows, 0);
  const { nll, tokens, correct } = await stepper.evaluate(batch);
  const step = await stepper.step(batch, { ...rates, adamw: 0 });
  expect(nll.reduce((a, b) => a + b, 0) / tokens).toBeCloseTo(step.loss, 5);
  expect({ tokens, correct }).toEqual({ tokens: step.tokens, correct: step.correct });
  expect(correct).toBeGreaterThan(0);
  expect(correct).toBeLessThan(tokens);
  for (const [i, row] of rows.entries()) {
    const alone = await stepper.evaluate(makeBatch([{ ...row, weight: 9 }], 0));
    expect(alone.nll[0]).toBeCloseTo(nll[i]!, 4);
  }
  expect(stepper.steps).toBe(1);
  await stepper.dispose();
});

it('evaluates the base beside a trained adapter', async () => {
  const batch = makeBatch(rowsOf(4), 0);
  const stepper = await start(lora);
  const base = await stepper.evaluate(batch);
  for (let i = 0; i < 3; i++) await stepper.step(batch, rates);
  const [tuned, off] = [await stepper.evaluate(batch), await stepper.evaluate(batch, { adapter: false })];
  expect(off).toEqual(base);
  const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
  expect(sum(tuned.nll)).toBeLessThan(0.95 * sum(base.nll));
  await stepper.dispose();
  const whole = await start(full);
  await expect(whole.evaluate(batch, { adapter: false })).rejects.toThrow('no adapter to switch off');
  const running = whole.evaluate(batch);
  await expect(whole.step(batch, rates)).rejects.toThrow('still running');
  await running;
  await whole.dispose();
});
