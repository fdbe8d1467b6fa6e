// One seed fixes a loop; whatever needs a seed of its own derives it by name, so that nothing depends on order or time.
import { hash128 } from '../tasks/hash';

/** 32 bits, a function of the seed and the names alone. */
export const derivedSeed = (seed: number, ...names: readonly (string | number)[]): number =>
  Number.parseInt(hash128([seed, ...names].join('\u0000')).slice(0, 8), 16);
