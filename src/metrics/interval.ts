// Shares with their uncertainty. A number without n and an interval is not shown anywhere.

/** k of n, with the Wilson 95 % interval. */
export interface Share {
  k: number;
  n: number;
  /** NaN-free: 0 when n is 0. */
  share: number;
  low: number;
  high: number;
}

/** Of the normal distribution, 95 % two-sided. */
export const z = 1.959963984540054;

/**
 * Wilson score interval at 95 %.
 * @param k successes, 0 ≤ k ≤ n. With n = 0 nothing is known: the interval is [0, 1]
 * @throws RangeError for counts that are no share
 */
export function wilson(k: number, n: number): Share {
  if (!Number.isInteger(k) || !Number.isInteger(n) || k < 0 || k > n) throw new RangeError(`${k} of ${n} is no share`);
  if (n === 0) return { k, n, share: 0, low: 0, high: 1 };
  const p = k / n;
  const spread = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / spread;
  const half = (z / spread) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  // Exactly 0 or 1 at the ends, where rounding would leave a trace.
  return { k, n, share: p, low: k === 0 ? 0 : Math.max(0, centre - half), high: k === n ? 1 : Math.min(1, centre + half) };
}
