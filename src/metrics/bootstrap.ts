// Uncertainty by drawing the questions again: seeded, so that the same numbers always have the same interval (method.md §9).
import { seededRandom } from '../tasks/arithmetic/random';
import { meanOf } from './diversity';
import type { MeanInterval } from './mean-interval';

export const resamples = 10_000;

export interface Interval {
  low: number;
  high: number;
}

/**
 * Percentile 95 % intervals of means. Figures of as many questions share the draws, which cost the most, so each has the interval that it
 * would have alone.
 * @param columns [figures][questions], none of them empty
 */
export function bootstrapAll(columns: readonly (readonly number[])[], seed: number): Interval[] {
  const found: Interval[] = [];
  for (const n of new Set(columns.map(({ length }) => length))) {
    const alike = columns.flatMap((values, at) => (values.length === n ? [{ at, values: Float64Array.from(values) }] : []));
    const means = alike.map(() => new Float64Array(resamples));
    const sums = new Float64Array(alike.length);
    const random = seededRandom(`bootstrap ${seed} ${n}`);
    for (let r = 0; r < resamples; r++) {
      sums.fill(0);
      for (let i = 0; i < n; i++) {
        const drawn = Math.floor(random() * n);
        for (let c = 0; c < alike.length; c++) sums[c]! += alike[c]!.values[drawn]!;
      }
      for (let c = 0; c < alike.length; c++) means[c]![r] = sums[c]! / n;
    }
    alike.forEach(({ at }, c) => {
      const sorted = means[c]!.sort();
      found[at] = { low: sorted[Math.floor(0.025 * resamples)]!, high: sorted[Math.ceil(0.975 * resamples) - 1]! };
    });
  }
  return found;
}

/**
 * Mean difference with a percentile 95 % interval over resampled questions.
 * @param differences one per question
 * @param seed the same seed gives the same interval
 */
export function bootstrap(differences: readonly number[], seed: number): { difference: number } & Interval {
  const { mean } = meanOf(differences);
  return mean === null ? { difference: 0, low: -1, high: 1 } : { difference: mean, ...bootstrapAll([differences], seed)[0]! };
}

/**
 * Means over questions with their intervals; none where the questions show no spread to tell it from: fewer than two, or all alike.
 * @param columns [figures][questions]
 */
export function meansOf(columns: readonly (readonly number[])[], seed: number): MeanInterval[] {
  const spread = columns.map(values => values.some(value => value !== values[0]));
  const intervals = bootstrapAll(
    columns.filter((_, at) => spread[at]),
    seed,
  ).values();
  return columns.map((values, at) => ({ ...meanOf(values), ...(spread[at] ? intervals.next().value! : { low: null, high: null }) }));
}
