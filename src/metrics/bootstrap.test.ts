import { describe, expect, it } from 'vitest';
import { bootstrap, bootstrapAll, meansOf } from './bootstrap';

/** Chance of each sum of `n` draws with replacement from whole numbers: exactly, by convolution, without a single draw. */
function sums(values: readonly number[], n: number): number[] {
  let chances = [1];
  for (let draw = 0; draw < n; draw++) {
    const next = new Array<number>(chances.length + Math.max(...values)).fill(0);
    chances.forEach((chance, sum) => values.forEach(value => (next[sum + value]! += chance / values.length)));
    chances = next;
  }
  return chances;
}

/** The mean below which this share of all resamples lies. */
function quantile(values: readonly number[], share: number): number {
  let below = 0;
  const at = sums(values, values.length).findIndex(chance => (below += chance) >= share);
  return at / values.length;
}

describe('the bootstrap', () => {
  // Distinct answers of 3 agents on 60 questions, and of a society that has nearly collapsed.
  it.each([
    ['spread', Array.from({ length: 60 }, (_, i) => [1, 2, 2, 3, 1, 0][i % 6]!)],
    ['nearly alike', Array.from({ length: 60 }, (_, i) => (i < 4 ? 2 : 1))],
  ])('comes to the percentiles of all resamples there can be: %s', (_, values) => {
    for (const seed of [1, 2, 3]) {
      const { low, high } = bootstrapAll([values], seed)[0]!;
      // 10,000 draws of them may miss a step of the distribution by one.
      expect(Math.abs(low - quantile(values, 0.025))).toBeLessThan(1.01 / 60);
      expect(Math.abs(high - quantile(values, 0.975))).toBeLessThan(1.01 / 60);
    }
  });

  it('of several figures is that of each alone', () => {
    const columns = [
      Array.from({ length: 20 }, (_, i) => Math.sin(i)),
      Array.from({ length: 7 }, (_, i) => i % 3),
      Array.from({ length: 20 }, (_, i) => i % 4),
    ];
    expect(bootstrapAll(columns, 5)).toEqual(columns.map(values => bootstrapAll([values], 5)[0]));
    expect(bootstrapAll(columns, 5)).not.toEqual(bootstrapAll(columns, 6));
    expect(bootstrap(columns[0]!, 5)).toMatchObject(bootstrapAll(columns, 5)[0]!);
  });

  it('claims nothing where the questions show no spread', () => {
    const none = { low: null, high: null };
    expect(meansOf([[], [2], [1, 1, 1], [1, 2]], 1)).toEqual([
      { mean: null, n: 0, ...none },
      { mean: 2, n: 1, ...none },
      { mean: 1, n: 3, ...none },
      { mean: 1.5, n: 2, low: 1, high: 2 },
    ]);
  });
});
