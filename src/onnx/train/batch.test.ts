import { expect, it } from 'vitest';
import { makeBatch, microBatches } from './batch';

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

it('learns what the mask says, in several turns, and never the first token', () => {
  const { weights } = makeBatch([{ ids: [1, 2, 3, 4, 5], mask: [1, 0, 1, 0, 1] }], 0);
  expect(weights).toEqual(Float32Array.of(0, 0.5, 0, 0.5));
  expect(() =>
    makeBatch(
      [
        { ids: [1, 2], from: 1 },
        { ids: [1, 2, 3], mask: [1, 0, 0] },
      ],
      0,
    ),
  ).toThrow('row 1 has no token to learn');
  expect(() => makeBatch([{ ids: [1, 2, 3], mask: [0, 1] }], 0)).toThrow('row 0 has 3 tokens and a mask of 2');
});

it('cuts a batch into parts that weigh tokens as the whole does, each only as long as its own rows', () => {
  const rows = [
    { ids: [1, 2, 3, 4, 5], mask: [0, 0, 1, 1, 1] },
    { ids: [6, 7], mask: [0, 1] },
    { ids: [8, 9, 1], mask: [0, 0, 1], weight: 2 },
  ];
  const parts = microBatches(rows, 2, 0);
  expect(parts.map(p => [p.rows, p.length])).toEqual([[2, 4], [1, 2]]); // prettier-ignore
  const flat = (batches: readonly { weights: Float32Array }[]) => batches.flatMap(b => [...b.weights]).filter(w => w !== 0);
  expect(flat(parts)).toEqual(flat([makeBatch(rows, 0)]));
  expect(microBatches(rows, 8, 0)).toEqual([makeBatch(rows, 0)]);
  expect(() => microBatches(rows, 0, 0)).toThrow('micro-batches of 0 rows');
  expect(() => microBatches([], 2, 0)).toThrow('a batch of no rows');
});
