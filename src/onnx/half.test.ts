import { expect, it } from 'vitest';
import { fromHalf, toHalf } from './half';

it('gives every half back', () => {
  for (let half = 0; half < 65536; half++) {
    const value = fromHalf(half);
    if (!Number.isNaN(value)) expect(toHalf(value)).toBe(half);
  }
});

it('rounds to the nearest half, ties to even', () => {
  const finite = Array.from({ length: 0x7c00 }, (_, half) => fromHalf(half));
  for (let half = 0; half + 1 < finite.length; half++) {
    const low = finite[half]!;
    const gap = finite[half + 1]! - low;
    expect(toHalf(low + gap * 0.25)).toBe(half);
    expect(toHalf(low + gap * 0.75)).toBe(half + 1);
    expect(toHalf(-low - gap * 0.5)).toBe((0x8000 | half) + (half & 1));
  }
});

it('knows infinity, nan and underflow', () => {
  expect([65504, 65519.9, 65520, 1e9, -Infinity].map(toHalf)).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00]);
  expect(fromHalf(toHalf(NaN))).toBeNaN();
  expect([1e-9, -1e-9, 2 ** -25, 2 ** -24].map(toHalf)).toEqual([0, 0x8000, 0, 1]);
});
