// Training on preferences (DPO): the chosen answer over the rejected one, held to the model that the job begins with.
import { makeBatch } from '../../onnx/train/batch';
import { preferenceTerm, weighted, type PairLikelihood, type PreferenceTerm } from '../../onnx/train/preference';
import type { TrainUpdate } from '../engine';
import { batchOf, longestOf, type Bench, type Measured, type Objective } from './objective';
import { readPairs, type MaskedPair } from './pairs';
import { microBatches } from './plan';
import { probeRows } from './probe';
import { trainedTokens, type MaskedRow, type RowRules } from './rows';

interface Scored {
  likelihoods: PairLikelihood[];
  /** Of the tokens of the chosen answers. */
  accuracy: number;
}

const bothOf = (pairs: readonly MaskedPair[]): MaskedRow[] => pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** @param onPair told how many of the pairs are done */
async function score(
  { stepper, limits, pad, breathe }: Bench,
  pairs: readonly MaskedPair[],
  onPair: (done: number) => void = () => undefined,
): Promise<Scored> {
  const side = async (of: keyof PairLikelihood, before: number) => {
    const likelihoods: number[] = new Array<number>(pairs.length);
    let [done, targets, hits] = [0, 0, 0];
    for (const part of microBatches(
      pairs.map((pair, index) => ({ ...pair[of], index })),
      limits,
    )) {
      const { nll, tokens, correct } = await stepper.evaluate(batchOf(part, pad));
      part.forEach(({ index }, i) => (likelihoods[index] = -nll[i]!));
      targets += tokens;
      hits += correct;
      done += part.length;
      onPair(Math.floor((before + done) / 2));
      await breathe();
    }
    return { likelihoods, accuracy: hits / targets };
  };
  const [chosen, rejected] = [await side('chosen', 0), await side('rejected', pairs.length)];
  return {
    likelihoods: pairs.map((_, i) => ({ chosen: chosen.likelihoods[i]!, rejected: rejected.likelihoods[i]! })),
    accuracy: chosen.accuracy,
  };
}

const measured = (terms: readonly PreferenceTerm[], accuracy: number): Measured => ({
  loss: mean(terms.map(({ loss }) => loss)),
  accuracy,
  reward_margin: mean(terms.map(({ margin }) => margin)),
  preference_accuracy: mean(terms.map(({ margin }) => Number(margin > 0))),
});

/**
 * The likelihoods under the job's beginning are computed once, in `begin`: they are no part of a checkpoint, since a resumed job begins where
 * it began before.
 * @throws TrainError naming the first line that cannot be trained on
 */
export function preferences(
  training: Uint8Array,
  validation: Uint8Array | null,
  rules: RowRules,
  beta: number,
  on: (update: TrainUpdate) => void,
): Objective {
  const pairs = readPairs(training, rules, 'training_file');
  const held = validation ? readPairs(validation, rules, 'validation_file') : [];
  // Pair by pair: the odd rows of the probe are the rejected answers.
  const probe = probeRows(bothOf(pairs.slice(0, 2)), bothOf(held.slice(0, 2)));
  let before: PairLikelihood[] = [];
  let beforeHeld: PairLikelihood[] = [];
  return {
    size: pairs.length,
    texts: bothOf(pairs),
    longest: longestOf(bothOf([...pairs, ...held])),
    validates: held.length > 0,
    probe,
    async begin(bench) {
      const total = pairs.length + held.length;
      before = (await score(bench, pairs, done => on({ t: 'reference', done, total }))).likelihoods;
      if (held.length)
        beforeHeld = (await score(bench, held, done => on({ t: 'reference', done: pairs.length + done, total }))).likelihoods;
    },
    async update(bench, indices, rate) {
      const { stepper, limits, pad } = bench;
      const batch = indices.map(i => pairs[i]!);
      const { likelihoods, accuracy } = await score(bench, batch);
      const terms = likelihoods.map((now, i) => preferenceTerm(now, before[indices[i]!]!, beta));
      const rows = batch.flatMap((pair, i) =>
        (['chosen', 'rejected'] as const).map(side => {
          const { tokens, mask } = pair[side];
          return { tokens, ...weighted({ ids: tokens, mask }, side, terms[i]!.slope, batch.length) };
        }),
      );
      const parts = microBatches(rows, limits).map(part => makeBatch(part, pad, 1));
      const { norm } = await stepper.step(parts, { adamw: rate });
      return { ...measured(terms, accuracy), norm, targets: bothOf(batch).reduce((sum, row) => sum + trainedTokens(row), 0) };
    },
    async validate(bench) {
      const { likelihoods, accuracy } = await score(bench, held);
      return measured(
        likelihoods.map((now, i) => preferenceTerm(now, beforeHeld[i]!, beta)),
        accuracy,
      );
    },
    warning(base, tuned) {
      // Rows of a pair differ in length, and the losses are means over tokens.
      const gain = base.map((loss, i) => (i % 2 ? -1 : 1) * (loss - tuned[i]!) * trainedTokens(probe.rows[i]!));
      if (mean(gain) > 0) return null;
      return `The result prefers the chosen answers of ${base.length / 2} ${probe.heldOut ? 'held-out' : 'training'} pairs no more than before.`;
    },
  };
}
