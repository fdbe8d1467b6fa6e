// How many rows of two kinds make a mix of a given share, and which ones: exactly, without replacement, the same under the same seed.
import { seededOrder } from '../tasks/hash';
import type { DataRow } from './records';

/** Absorbs the rounding of a division such as 3 / 0.3, which would cost a whole row. */
const slack = 1e-9;

/**
 * The largest mix whose share of first rows is `share`, to within half a row.
 * T = min(⌊a/w⌋, ⌊b/(1−w)⌋), k₁ = round(wT), k₂ = T − k₁ (method.md §2)
 * @param share w in [0, 1]; at 0 and 1 the other kind is not needed
 * @throws RangeError for a share outside [0, 1]
 */
export function mixSizes(first: number, second: number, share: number): [first: number, second: number] {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`${share} is no share: it lies between 0 and 1`);
  if (share === 0) return [0, second];
  if (share === 1) return [first, 0];
  const total = Math.min(Math.floor(first / share + slack), Math.floor(second / (1 - share) + slack));
  const k = Math.min(first, Math.round(share * total));
  return [k, Math.min(second, total - k)];
}

/**
 * `count` different rows. Which ones depends on what the rows say and on the seed: not on their order, and not on the number of the agent.
 */
export const drawRows = (rows: readonly DataRow[], count: number, ...seed: readonly (string | number)[]): DataRow[] =>
  seededOrder(rows, row => row.hash, 'rows', ...seed).slice(0, count);
