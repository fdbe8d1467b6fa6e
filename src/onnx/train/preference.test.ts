import { describe, expect, it, vi } from 'vitest';
import { runtime } from '../../../test/fixtures/train-runtime';
import { makeBatch, type TrainRow } from './batch';
import { emitTrainStep } from './emit';
import { drawn, randomWeights, seeded, tiny } from './fixture';
import type { TrainOptions } from './options';
import { preferenceTerm, weighted, type PairLikelihood } from './preference';
import { TrainStepper } from './stepper';

vi.setConfig({ testTimeout: 60_000 });

/** With β₁ = 0 and no clipping the first moment after a step is the gradient itself. */
const bare = { adamw: { beta1: 0, decay: 0 }, maxNorm: Infinity };
const beta = 0.4;

describe('a term', () => {
  it('is ln 2 where nothing moved, and falls as the chosen answer gains on the rejected one', () => {
    const before = { chosen: -5, rejected: -7 };
    expect(preferenceTerm(before, before, beta)).toEqual({ loss: Math.LN2, margin: 0, slope: beta / 2 });
    const better = preferenceTerm({ chosen: -4, rejected: -9 }, before, beta);
    expect(better.margin).toBeCloseTo(beta * 3, 12);
    expect(better.loss).toBeCloseTo(Math.log(1 + Math.exp(-beta * 3)), 12);
    // Likelihood that both gained alike is not a preference.
    expect(preferenceTerm({ chosen: -1, rejected: -3 }, before, beta).loss).toBeCloseTo(Math.LN2, 12);
  });
  it('stays finite, and its slope is its derivative', () => {
    const zero = { chosen: 0, rejected: 0 };
    const at = (chosen: number) => preferenceTerm({ chosen, rejected: 0 }, zero, 1);
    expect([at(1e4).loss, at(-1e4).loss, at(1e4).slope, at(-1e4).slope]).toEqual([0, 1e4, 0, 1]);
    for (const x of [-20, -3, -0.1, 0, 0.1, 3, 20]) expect(at(x).slope).toBeCloseTo(-(at(x + 1e-4).loss - at(x - 1e-4).loss) / 2e-4, 6);
  });
});

const modes: [string, TrainOptions][] = [
  ['full', { mode: 'full', ...bare }],
  ['LoRA', { mode: { r: 3, alpha: 6 }, ...bare }],
];

it.each(modes)('%s: the weighted step has the gradient of the loss of the pairs', async (_, options) => {
  const random = seeded(5);
  const weights = randomWeights(tiny, random);
  if (options.mode !== 'full')
    Object.assign(
      weights,
      Object.fromEntries(emitTrainStep(tiny, weights, options).trainables.map(p => [p.name, drawn(p.dims, random, 0.3)])),
    );
  const token = () => Math.floor(random() * tiny.vocab);
  const answerTo = (prompt: number[], length: number): TrainRow => {
    const ids = [...prompt, ...Array.from({ length }, token)];
    return { ids, mask: ids.map((_, at) => Number(at >= prompt.length)) };
  };
  const pairs = [4, 3, 5].map(length => {
    const prompt = Array.from({ length }, token);
    return { chosen: answerTo(prompt, 4), rejected: answerTo(prompt, 2) };
  });
  // Another beginning than where the model stands, as in the middle of a training: margins of both signs.
  const before: PairLikelihood[] = [
    { chosen: -12, rejected: -4 },
    { chosen: -7, rejected: -9 },
    { chosen: -15, rejected: -6 },
  ];
  const stepper = await TrainStepper.create(runtime(), tiny, weights, options);
  const start = stepper.exportState();
  const likelihood = async (): Promise<PairLikelihood[]> => {
    const side = async (of: 'chosen' | 'rejected') =>
      (
        await stepper.evaluate(
          makeBatch(
            pairs.map(pair => pair[of]),
            0,
          ),
        )
      ).nll;
    const [chosen, rejected] = [await side('chosen'), await side('rejected')];
    return pairs.map((_, i) => ({ chosen: -chosen[i]!, rejected: -rejected[i]! }));
  };
  const terms = async () => (await likelihood()).map((now, i) => preferenceTerm(now, before[i]!, beta));
  const now = await terms();
  expect(now.some(({ margin }) => margin > 0.1) && now.some(({ margin }) => margin < -0.1)).toBe(true);
  const rows = pairs.flatMap(({ chosen, rejected }, i) => [
    weighted(chosen, 'chosen', now[i]!.slope, pairs.length),
    weighted(rejected, 'rejected', now[i]!.slope, pairs.length),
  ]);
  await stepper.step(makeBatch(rows, 0, 1), { adamw: 0 });
  const { tensors } = stepper.exportState();
  const found = Object.fromEntries(stepper.trainables.map(p => [p.name, tensors[`${p.name}/m`]!.data]));

  const lossAt = async (name: string, value: Float32Array): Promise<number> => {
    stepper.importState({ step: 0, tensors: { ...start.tensors, [name]: { dims: start.tensors[name]!.dims, data: value } } });
    return (await terms()).reduce((sum, { loss }) => sum + loss, 0) / pairs.length;
  };
  for (const { name } of stepper.trainables) {
    const gradient = found[name]!;
    const length = Math.hypot(...gradient);
    const at = (s: number) =>
      lossAt(
        name,
        start.tensors[name]!.data.map((x, i) => x + (s * 0.007 * gradient[i]!) / length),
      );
    const slope = (8 * ((await at(1)) - (await at(-1))) - (await at(2)) + (await at(-2))) / (12 * 0.007);
    expect(Math.abs(slope - length) / length, name).toBeLessThan(1e-2);
  }
  await stepper.dispose();
});
