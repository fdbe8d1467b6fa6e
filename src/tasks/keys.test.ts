import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { keyOf } from './keys';
import type { Equality } from './question';

const keys = (equality: Equality, ...answers: string[]) => answers.map(answer => keyOf(answer, equality));

describe('keys', () => {
  it('16. 1,234 is 1234', () => {
    expect(keys('numeric', '1,234', '1234', '1{,}234', '1,234.0', '+1,234', '\\$1,234')).toEqual(Array(6).fill('1234'));
    expect(keys('latex', '1,234', '1{,}234')).toEqual(['1234', '1234']);
    // Commas that set off nothing are not read as anything.
    expect(keys('numeric', '1,23', '12,34', '1,2345', ',5')).toEqual([null, null, null, null]);
  });

  it('numeric: equal rationals have one key', () => {
    expect(keys('numeric', '1/2', '0.5', '2/4', '.50', '\\frac{1}{2}', '\\dfrac12', '50%', '50\\%')).toEqual(Array(8).fill('1/2'));
    expect(keys('numeric', '-0', '0', '0.00', '0/7')).toEqual(['0', '0', '0', '0']);
    expect(keys('numeric', '−7', '- 7', '-14/2', '-7.')).toEqual(['-7', '-7', '-7', '-7']);
    // Beyond what a double can tell apart.
    expect(keys('numeric', '9007199254740993', '9007199254740992')).toEqual(['9007199254740993', '9007199254740992']);
    expect(keys('numeric', '0.1', '0.10000000000000001')[1]).not.toBe('1/10');
  });

  it('numeric: a percentage is a hundredth, a unit is ignored, and what is no single number is no answer', () => {
    expect(keys('numeric', '12%', '0.12', '12')).toEqual(['3/25', '3/25', '12']);
    expect(keys('numeric', '5 apples', '18 dollars', '7\\text{ cm}', '90°')).toEqual(['5', '18', '7', '90']);
    expect(keys('numeric', '', 'x', '5 6', '3, 4', '1/0', '1/2/3', '--5', '1e999', '2+2', 'five')).toEqual(Array(10).fill(null));
  });

  it('numeric: every rational equals itself however it is expanded', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 99 }), (n, d, k) => {
        expect(keyOf(`${n * k}/${d * k}`, 'numeric')).toBe(keyOf(`\\frac{${n}}{${d}}`, 'numeric'));
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), n => {
        expect(keyOf(n.toLocaleString('en-US'), 'numeric')).toBe(String(n));
      }),
    );
  });

  it('latex: spacing does not matter; brackets, order and units do', () => {
    expect(keyOf('\\left( 1, \\; 2 \\right)', 'latex')).toBe(keyOf('(1,2)', 'latex'));
    expect(keyOf('(1,2)', 'latex')).not.toBe(keyOf('[1,2]', 'latex'));
    expect(keyOf('\\tfrac{a}{b}', 'latex')).toBe(keyOf('\\frac{a}{b}', 'latex'));
    expect(keyOf('5\\text{ seconds}', 'latex')).not.toBe(keyOf('5\\text{ minutes}', 'latex'));
    expect(keys('latex', '\\frac{2}{4}', '$0.5$', '5 6')).toEqual(['1/2', '1/2', '5 6']);
  });

  it('choice and exact', () => {
    expect(keys('choice', 'B', '(b)', 'B.', 'B) because', '\\text{B}', 'Because', '')).toEqual(['B', 'B', 'B', 'B', 'B', null, null]);
    expect(keys('exact', ' a  b\n', 'A b', '')).toEqual(['a b', 'A b', null]);
  });

  it('22. text is never evaluated as code, and hostile text is only text', () => {
    const spy = vi.fn();
    vi.stubGlobal('pwned', spy);
    for (const equality of ['numeric', 'latex', 'choice', 'exact'] as const)
      for (const text of ['pwned()', '${pwned()}', '(()=>pwned())()', '__import__("os")', '1+pwned()']) keyOf(text, equality);
    expect(spy).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
    expect(keyOf('2*3', 'numeric')).toBeNull();
    expect(keyOf('9'.repeat(100_000), 'numeric')).toBeNull();
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('numeric', 'latex', 'choice', 'exact'), (text, equality) => {
        const key = keyOf(text, equality as Equality);
        expect(key === null || key.length > 0).toBe(true);
      }),
    );
  });

  it('a key is its own key, so that equality is an equivalence', () => {
    for (const equality of ['numeric', 'latex', 'choice', 'exact'] as const)
      for (const text of ['1,234', '0.5', '12%', '5 apples', '(1, 2)', 'b)', '\\dfrac{a}{b}', 'x = 2']) {
        const key = keyOf(text, equality);
        if (key !== null) expect(keyOf(key, equality)).toBe(key);
      }
  });
});
