// Which rows of a set are trained on, and which few are held out to judge the training by.
import type { DataRow, TrainingSet } from '../datasets/records';
import { hash128, seededOrder } from '../tasks/hash';

/** How many rows of a set are held out: none of a small one, and never more than a fifth. */
export const heldOut = (size: number, wanted: number): number => (size < 20 ? 0 : Math.min(wanted, Math.floor(size / 5)));

export interface SplitSet {
  /** In the order of the set. */
  training: DataRow[];
  validation: DataRow[];
}

/** What a row is, whichever run it was taken from: runs have names drawn at random, and a loop under the same seed would split otherwise. */
const content = ({ hash, from }: DataRow): string => `${hash} ${from.join()}`;

/**
 * Which rows are held out follows from the set alone: the first ones of an order made from what all rows and each of them say.
 * So the name of the set, which an adapter carries, also names what the adapter has never seen.
 * Corrected and kept rows are held out in the proportion of the set, to the nearest row: what is trained keeps the share w.
 */
export function splitSet({ rows }: TrainingSet, wanted: number): SplitSet {
  const held = heldOut(rows.length, wanted);
  const corrected = rows.filter(({ kind }) => kind === 'corrected');
  const minus = rows.length ? Math.round((held * corrected.length) / rows.length) : 0;
  const whole = hash128(rows.map(content).sort().join('\n'));
  const first = (of: readonly DataRow[], count: number): DataRow[] => seededOrder(of, content, 'validation', whole).slice(0, count);
  const others = rows.filter(({ kind }) => kind !== 'corrected');
  const chosen = new Set([...first(corrected, minus), ...first(others, held - minus)]);
  return { training: rows.filter(row => !chosen.has(row)), validation: rows.filter(row => chosen.has(row)) };
}
