import { expect, it } from 'vitest';

import { drawsOf } from './draws';
import { philox4x32, type Words } from './philox';

// Random123's kat_vectors, philox4x32 with 10 rounds.
it.each<[Words, [number, number], Words]>([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('known answer %#', (counter, key, want) => expect(philox4x32(counter, key)).toEqual(want));

const key = { seed: 1, qid: 'q', agent: 0, role: 'generator', round: 1, attempt: 0 };

it('draws evenly, and otherwise for every part of the key and every token', () => {
  const seen = new Set<number>();
  const bins = new Array<number>(10).fill(0);
  const keys = [
    key,
    { ...key, seed: 2 },
    { ...key, qid: 'r' },
    { ...key, qid: 'q', agent: 1 },
    { ...key, role: 'critic' },
    { ...key, round: 2 },
    { ...key, attempt: 1 },
    // A longer id than one block of the digest, and one that only differs behind it.
    { ...key, qid: 'a question id that is longer than sixteen bytes' },
    { ...key, qid: 'a question id that is longer than sixteen bytes!' },
  ];
  for (const k of keys) {
    const draw = drawsOf(k);
    for (let t = 0; t < 500; t++) {
      const u = draw(t);
      seen.add(u);
      bins[Math.floor(u * 10)]!++;
    }
  }
  expect(seen.size).toBe(keys.length * 500);
  for (const count of bins) expect(Math.abs(count - 450)).toBeLessThan(100); // 450 expected, σ ≈ 20
});

it('keeps its stream: a changed digest would change every recorded run', () => {
  const draw = drawsOf(key);
  expect([0, 1, 2, 1000].map(draw)).toMatchInlineSnapshot(`
    [
      0.6511893784771973,
      0.41693649006426625,
      0.6732845816693178,
      0.2411575625557002,
    ]
  `);
});
