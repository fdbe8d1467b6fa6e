import { expect, it, vi } from 'vitest';
import type * as ort from 'onnxruntime-node';
import type { Weights } from '../llama-shapes';
import { emitTrainStep } from './emit';
import { runtime } from '../../../test/fixtures/train-runtime';
import { randomBatch, randomWeights, seeded, tiny } from './fixture';
import { initialAdapters } from './adapters';
import type { TrainOptions } from './options';
import { TrainStepper, type LearningRates } from './stepper';

// Seconds of arithmetic on a quiet machine; a busy one must not fail them.
vi.setConfig({ testTimeout: 60_000 });

const grouped = { ...tiny, kvHeads: 2 };
const adam: TrainOptions = { mode: 'full' };
const muon: TrainOptions = { mode: 'full', optimiser: 'muon' };
const lora: TrainOptions = { mode: { r: 4, alpha: 8 } };
const rates: LearningRates = { adamw: 0.01, muon: 0.05 };

function weightsFor(options: TrainOptions): Weights {
  const random = seeded(5);
  const weights = randomWeights(grouped, random);
  if (options.mode === 'full') return weights;
  return { ...weights, ...initialAdapters(emitTrainStep(grouped, weights, options).trainables, random) };
}
const start = (options: TrainOptions, threads = 1) => TrainStepper.create(runtime(threads), grouped, weightsFor(options), options);
const batches = (n: number) => {
  const random = seeded(17);
  return Array.from({ length: n }, (_, i) => randomBatch(grouped, random, 4, 6 + i, () => 1 / (4 * (6 + i))));
};

async function sixSteps(options: TrainOptions, threads = 1) {
  const stepper = await start(options, threads);
  const [batch] = batches(1);
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) losses.push((await stepper.step(batch!, rates)).loss);
  const state = stepper.exportState();
  await stepper.dispose();
  return { losses, state };
}

it('pins six losses of each mode', async () => {
  const line = async (options: TrainOptions) => (await sixSteps(options)).losses.map(x => x.toFixed(4)).join(' ');
  expect({ adam: await line(adam), muon: await line(muon), lora: await line(lora) }).toMatchInlineSnapshot(`
    {
      "adam": "3.8339 2.9001 2.2609 1.8553 1.5054 1.2591",
      "lora": "3.8339 3.5520 3.2698 2.9815 2.7592 2.5390",
      "muon": "3.8339 2.8373 2.1224 1.6657 1.2862 1.0860",
    }
  `);
});

it.each([
  ['AdamW', adam],
  ['Muon', muon],
  ['LoRA', lora],
])('%s: two runs are identical to the bit, at one thread and at two', async (_, options) => {
  const [first, again, wide] = [await sixSteps(options), await sixSteps(options), await sixSteps(options, 2)];
  expect(again).toEqual(first);
  expect(wide).toEqual(first);
  expect(first.state.step).toBe(6);
});

it.each([
  ['AdamW', adam],
  ['Muon', muon],
  ['LoRA', lora],
])('%s: a run resumed from its state equals one without interruption', async (_, options) => {
  const plan = batches(6); // of changing length
  const through = await start(options);
  for (const batch of plan) await through.step(batch, rates);
  const before = await start(options);
  for (const batch of plan.slice(0, 3)) await before.step(batch, rates);
  const saved = before.exportState();
  await before.step(plan[3]!, rates); // must not reach into what was exported
  const after = await start(options);
  after.importState(saved);
  for (const batch of plan.slice(3)) await after.step(batch, rates);
  expect(after.exportState()).toEqual(through.exportState());
  expect(after.steps).toBe(6);
  for (const stepper of [through, before, after]) await stepper.dispose();
});

it('fresh adapters leave the base as it is, and they alone are trained', async () => {
  const base = await start(adam);
  const adapted = await start(lora);
  const [batch] = batches(1);
  expect((await adapted.step(batch!, rates)).loss).toBeCloseTo((await base.step(batch!, rates)).loss, 5);
  const names = Object.keys(adapted.exportWeights());
  expect(names).toHaveLength(28);
  expect(names[0]).toBe('model.layers.0.self_attn.q_proj.lora_A.weight');
  await base.dispose();
  await adapted.dispose();
});

it('a step that is not finite is refused and leaves the state as it was', async () => {
  const stepper = await start(adam);
  const [batch] = batches(1);
  await stepper.step(batch!, rates);
  const before = stepper.exportState();
  const broken = { ...batch!, weights: batch!.weights.map((w, i) => (i === 3 ? Infinity : w)) };
  await expect(stepper.step(broken, rates)).rejects.toThrow(/step 2: loss/);
  expect(stepper.exportState()).toEqual(before);
  await stepper.step(batch!, rates);
  expect(stepper.steps).toBe(2);
  await stepper.dispose();
});

it('refuses what it cannot train on', async () => {
  const [batch] = batches(1);
  const stepper = await start(muon);
  await expect(stepper.step(batch!, { adamw: 0.1 })).rejects.toThrow('a learning rate for Muon');
  const outside = { ...batch!, ids: batch!.ids.map(() => 23n) };
  await expect(stepper.step(outside, rates)).rejects.toThrow('token 23 is outside the vocabulary of 23');
  await expect(stepper.step({ ...batch!, rows: 5 }, rates)).rejects.toThrow('24 entries for a batch of 5 × 6');
  const running = stepper.step(batch!, rates);
  await expect(stepper.step(batch!, rates)).rejects.toThrow('still running');
  expect(() => stepper.importState(stepper.exportState())).toThrow('running');
  await expect(stepper.dispose()).rejects.toThrow('running');
  await running;
  expect(stepper.steps).toBe(1);

  const state = stepper.exportState();
  const { 'lm_head.weight/v': _, ...missing } = state.tensors;
  expect(() => stepper.importState({ ...state, tensors: missing })).toThrow('no tensor lm_head.weight/v');
  const name = 'model.norm.weight';
  const wrong = { ...state.tensors, [name]: { dims: [8], data: new Float32Array(8) } };
  expect(() => stepper.importState({ ...state, tensors: wrong })).toThrow(`${name} is [8], wanted [16]`);
  expect(stepper.exportState()).toEqual(state);
  await stepper.dispose();

  await expect(TrainStepper.create(runtime(), grouped, {}, lora)).rejects.toThrow('no weight model.embed_tokens.weight');
  await expect(TrainStepper.create(runtime(), grouped, {}, adam)).rejects.toThrow('no tensor model.embed_tokens.weight');
  expect(() => emitTrainStep(grouped, {}, { ...lora, optimiser: 'muon' })).toThrow('Muon trains full matrices');
});

it('lets go of the tensors of the step before', async () => {
  const seen: Record<string, ort.Tensor>[] = [];
  const spying = {
    ...runtime(),
    createSession: async (bytes: Uint8Array) => {
      const session = await runtime().createSession(bytes);
      return {
        release: () => session.release(),
        run: async (feeds: Record<string, ort.Tensor>) => {
          const out = await session.run(feeds);
          seen.push({ ...out });
          return out;
        },
      };
    },
  };
  const stepper = await TrainStepper.create(spying, grouped, weightsFor(adam), adam);
  const [batch] = batches(1);
  await stepper.step(batch!, rates);
  const kept = seen[0]!['model.norm.weight/o']!;
  expect(kept.data).toHaveLength(16);
  await stepper.step(batch!, rates);
  expect(() => kept.data).toThrow();
  await stepper.dispose();
  expect(() => seen[1]!['model.norm.weight/o']!.data).toThrow();
});

it('shares no memory with what it was given or gave away', async () => {
  const weights = weightsFor(adam);
  const stepper = await TrainStepper.create(runtime(), grouped, weights, adam);
  const before = structuredClone(stepper.exportState());
  weights['model.norm.weight']!.data.fill(7);
  expect(stepper.exportState()).toEqual(before);
  stepper.exportWeights()['model.norm.weight']!.data.fill(7);
  expect(stepper.exportState()).toEqual(before);
  await stepper.dispose();
});

it('clips: with a tiny limit the norm is reported whole, and AdamW moments shrink with the factor', async () => {
  const [batch] = batches(1);
  const moments = async (maxNorm: number) => {
    const stepper = await start({ ...adam, maxNorm });
    const { norm } = await stepper.step(batch!, rates);
    const m = stepper.exportState().tensors['model.norm.weight/m']!.data;
    await stepper.dispose();
    return { norm, m };
  };
  const [free, bound] = [await moments(Infinity), await moments(0.01)];
  expect(bound.norm).toBe(free.norm);
  expect(free.norm).toBeGreaterThan(0.1);
  bound.m.forEach((x, i) => expect((x * free.norm) / 0.01 / free.m[i]!).toBeCloseTo(1, 3));
});
