import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEEPEST, expDown } from './exp-down';

it('is e^−x to twelve digits, never above one, and falls with x', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: DEEPEST, noNaN: true }), x => {
      const got = expDown(x);
      expect(Math.abs(got / Math.exp(-x) - 1)).toBeLessThan(1e-12);
      expect(got).toBeLessThanOrEqual(1);
      expect(expDown(x + 1e-9)).toBeLessThanOrEqual(got);
    }),
  );
});

it('ends where a weight no longer counts, and passes on what is not a number', () => {
  expect([expDown(0), expDown(DEEPEST + 1e-9), expDown(Infinity), expDown(NaN)]).toEqual([1, 0, 0, NaN]);
});
