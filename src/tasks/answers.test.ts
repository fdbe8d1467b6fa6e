import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractAnswer } from './answers';

const boxed = (text: string) => extractAnswer(text, 'boxed', 'latex');
const arithmetic = (text: string, complete = true) => extractAnswer(text, 'boxed-or-last-number', 'numeric', complete);

describe('extraction', () => {
  it('takes the last well-formed box, with balanced braces, and says where it stands', () => {
    const text = 'First \\boxed{3}, no: \\boxed{\\frac{1}{2}} or \\boxed{4';
    const found = boxed(text)!;
    expect(found.key).toBe('1/2');
    expect(text.slice(found.start, found.end)).toBe('\\frac{1}{2}');
    expect(boxed('\\boxed{\\{1, 2\\}}')?.key).toBe('\\{1,2\\}');
    // A box within a box: the inner one is the last.
    expect(boxed('\\boxed{\\boxed{7}}')?.key).toBe('7');
  });

  it('reads nothing from what is not a box: `\\boxed 5`, `\\fbox{5}`, an empty or an unclosed one', () => {
    expect([boxed('\\boxed 5'), boxed('\\fbox{5}'), boxed('\\boxed{}'), boxed('\\boxed{5'), boxed('')]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    // An answer that was begun is not replaced by a number that stands about, nor by an earlier box that was taken back.
    expect(arithmetic('12 so \\boxed{5')).toBeNull();
    expect(boxed('\\boxed{3} no, \\boxed{}')).toBeNull();
  });

  it('arithmetic: without a box, the last number of a finished response', () => {
    const text = 'That is 3-4, so the answer is -1,234.';
    const found = arithmetic(text)!;
    expect(found.key).toBe('-1234');
    expect(text.slice(found.start, found.end)).toBe('-1,234');
    expect(arithmetic('10-7')?.key).toBe('7');
    expect(arithmetic('no number')).toBeNull();
    expect(arithmetic('7 apples, then it broke off', false)).toBeNull();
    expect(arithmetic('7 \\boxed{8} and 9')?.key).toBe('8');
    expect(extractAnswer('the answer is 7', 'boxed', 'numeric')).toBeNull();
  });

  it('15. a response without an answer is unparsed, whatever it is, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\\boxed{', '{', '}', '\\', '1', ',', '-', ' ', 'a', '$') }), text => {
        const found = arithmetic(text);
        if (found) expect(text.slice(found.start, found.end).length).toBeGreaterThan(0);
      }),
    );
  });

  it('looks at hostile nesting once, not once per box', () => {
    const nested = '\\boxed{'.repeat(100_000);
    expect(boxed(nested)).toBeNull();
    expect(boxed(`${nested}5}`)?.key).toBe('5');
  });

  it('a doubled backslash, as in escaped text, still opens a box', () => {
    expect(boxed('so \\\\boxed{5}')?.key).toBe('5');
  });
});
