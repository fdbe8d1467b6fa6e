// The same comparison under several seeds: how far agents trained anew differ, which no interval over questions holds (method.md §9).

export interface OverSeeds {
  seeds: number;
  mean: number;
  /** Between the seeds, of a sample; null of one. */
  sd: number | null;
  /** Student's 95 % interval of the mean; null of one seed. */
  low: number | null;
  high: number | null;
}

/** Two-sided 95 % quantiles of Student's t with 1 to 10 degrees of freedom. */
const table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** @param freedom at least 1; above the table by the expansion of Cornish and Fisher, right to 0.001 */
export function tQuantile(freedom: number): number {
  const z = 1.959964;
  const terms = [z ** 3 + z, 5 * z ** 5 + 16 * z ** 3 + 3 * z, 3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z];
  return table[freedom - 1] ?? z + terms[0]! / (4 * freedom) + terms[1]! / (96 * freedom ** 2) + terms[2]! / (384 * freedom ** 3);
}

/** @param values one for each seed, at least one */
export function overSeeds(values: readonly number[]): OverSeeds {
  const seeds = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  if (seeds < 2) return { seeds, mean, sd: null, low: null, high: null };
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1));
  const half = (tQuantile(seeds - 1) * sd) / Math.sqrt(seeds);
  return { seeds, mean, sd, low: mean - half, high: mean + half };
}
