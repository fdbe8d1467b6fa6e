// Means over questions with their uncertainty.
import { meanOf, type Mean } from './diversity';
import { z } from './interval';

export interface MeanInterval extends Mean {
  /** The normal 95 % interval; null where the questions show no spread to tell it from: fewer than two, or all alike. */
  low: number | null;
  high: number | null;
}

/** @param range what a value can be; the interval does not leave it */
export function meanInterval(values: readonly number[], [lowest, highest]: readonly [number, number]): MeanInterval {
  const { mean, n } = meanOf(values);
  const spread = mean === null ? 0 : values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (mean === null || n < 2 || values.every(value => value === values[0])) return { mean, n, low: null, high: null };
  const half = z * Math.sqrt(spread / (n - 1) / n);
  return { mean, n, low: Math.max(lowest, mean - half), high: Math.min(highest, mean + half) };
}
