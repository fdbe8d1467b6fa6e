import { expect, it } from 'vitest';
import { makeBatch } from './batch';

it('shifts by one, pads on the right, and learns from `from` on', () => {
  const batch = makeBatch(
    [
      { ids: [1, 2, 3, 4], from: 2 },
      { ids: [5, 6], from: 0, weight: 3 },
    ],
    9,
  );
  expect(batch).toEqual({
    rows: 2,
    length: 3,
    ids: BigInt64Array.of(1n, 2n, 3n, 5n, 9n, 9n),
    targets: BigInt64Array.of(2n, 3n, 4n, 6n, 9n, 9n),
    weights: Float32Array.of(0, 1 / 3, 1 / 3, 1, 0, 0),
  });
});

it('divides by the tokens of a larger batch when it is a part of one', () => {
  expect(makeBatch([{ ids: [1, 2, 3], from: 1 }], 0, 8).weights).toEqual(Float32Array.of(1 / 8, 1 / 8));
});

it('refuses rows without a token to learn', () => {
  expect(() => makeBatch([{ ids: [1, 2], from: 2 }], 0)).toThrow('row 0 has no token to learn');
  expect(() => makeBatch([], 0)).toThrow('a batch of no rows');
});
