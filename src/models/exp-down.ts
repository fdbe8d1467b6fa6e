// e^−x for weights of logits: about twice as fast as Math.exp, and the same to the bit in every browser, which Math.exp need not be.

/** Beyond it a weight is less than the rounding of the sum of all, and counts as nothing. */
export const DEEPEST = 45;
/** Steps of the table per unit: with the nearest of them, five terms of the series leave an error of 3e-13. */
export const STEPS = 64;

/** The series itself, for 0 ≤ x ≤ 1. */
function series(x: number): number {
  let sum = 1;
  for (let n = 20; n > 0; n--) sum = 1 - (x / n) * sum;
  return sum;
}

/** Of whole steps. */
const powers = new Float64Array(DEEPEST * STEPS + 1);
for (let k = 0, whole = 1; k < powers.length; k++) {
  if (k > 0 && k % STEPS === 0) whole *= series(1);
  powers[k] = whole * series((k % STEPS) / STEPS);
}

/** @param x ≥ 0 @returns e^−x to 12 digits; 0 beyond `DEEPEST`; NaN for NaN */
export function expDown(x: number): number {
  if (x > DEEPEST) return 0;
  const k = (x * STEPS + 0.5) | 0;
  const r = x - k / STEPS;
  return powers[k]! * (1 - r * (1 - r * (1 / 2 - r * (1 / 6 - r * (1 / 24)))));
}
