import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixSizes } from './mix';
import { canonicalJson, rowHash } from './seal';
import { sha256 } from './sha256';

describe('mix', () => {
  it('is the rule of method.md §2', () => {
    expect(mixSizes(24, 100, 0.5)).toEqual([24, 24]);
    expect(mixSizes(100, 10, 0.5)).toEqual([10, 10]);
    expect(mixSizes(20, 100, 2 / 3)).toEqual([20, 10]);
    expect(mixSizes(3, 100, 0.3)).toEqual([3, 7]);
    expect(mixSizes(7, 100, 0)).toEqual([0, 100]);
    expect(mixSizes(7, 100, 1)).toEqual([7, 0]);
    expect(mixSizes(0, 100, 0.5)).toEqual([0, 0]);
    expect(mixSizes(9, 0, 0.5)).toEqual([0, 0]);
    expect(() => mixSizes(1, 1, 1.1)).toThrow(RangeError);
  });

  it('takes no more than there is, as much as the share allows, and is off by half a row at most', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(600), fc.integer({ min: 1, max: 99 }), (a, b, percent) => {
        const w = percent / 100;
        const [minus, plus] = mixSizes(a, b, w);
        const total = minus + plus;
        expect(minus <= a && plus <= b).toBe(true);
        if (total) expect(Math.abs(minus / total - w)).toBeLessThanOrEqual(0.5 / total + 1e-9);
        // One row more would need a row that is not there.
        expect(w * (total + 1) > a || (1 - w) * (total + 1) > b - 1e-9).toBe(true);
      }),
    );
  });
});

describe('names', () => {
  it('SHA-256 is the standard one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), text => {
        expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
      }),
    );
    for (const length of [55, 56, 63, 64, 65, 119, 120])
      expect(sha256('a'.repeat(length))).toBe(createHash('sha256').update('a'.repeat(length)).digest('hex'));
  });

  it('equal content has one name, whatever the order of fields', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    const plain = rowHash([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ]);
    expect(
      rowHash([
        { content: 'q', role: 'user' },
        { role: 'assistant', content: 'a', weight: 1 },
      ]),
    ).toBe(plain);
    expect(
      rowHash([
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a', weight: 0 },
      ]),
    ).not.toBe(plain);
  });
});
