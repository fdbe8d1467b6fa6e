// IEEE 754 half precision, which Node 20 has no typed array for.

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Nearest half, ties to even; beyond 65504 infinity. */
export function toHalf(value: number): number {
  f32[0] = value;
  const bits = u32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  // The significand with its hidden bit, and how many of its 24 bits fall off: 13, or more below the smallest normal half.
  const drop = exponent > 112 ? 13 : 126 - exponent;
  if (drop > 24) return sign;
  const significand = fraction | 0x800000;
  let rounded = significand >>> drop;
  const rest = significand & ((1 << drop) - 1);
  const tie = 1 << (drop - 1);
  if (rest > tie || (rest === tie && rounded & 1)) rounded++;
  // A carry out of the significand moves into the exponent by plain addition.
  const half = exponent > 112 ? ((exponent - 113) << 10) + rounded : rounded;
  return sign | Math.min(half, 0x7c00);
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

export const toHalves = (values: ArrayLike<number>): Uint16Array => Uint16Array.from(values, toHalf);
export const fromHalves = (halves: ArrayLike<number>): Float32Array => Float32Array.from(halves, fromHalf);
