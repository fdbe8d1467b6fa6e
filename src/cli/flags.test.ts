import { expect, test } from 'vitest';
import { flagLines, readChoice, readFlags, readNumber, type Flags } from './flags';

const flags = {
  rows: ['string', 'N', 'how many'],
  by: ['string', 'a|b', 'which'],
  dry: ['boolean', '', 'no more'],
} as const satisfies Flags;
const wrong = (message: string): Error => new Error(message);
const read = (...args: string[]) => readFlags(args, flags, wrong);

test('a table says what is read and what help shows', () => {
  expect(read('--rows', '3', '--dry')).toEqual({ rows: '3', dry: true });
  expect(() => read('--row', '3')).toThrow(/^Unknown option '--row'$/);
  expect(() => read('alone')).toThrow(/alone/);
  expect(flagLines(flags, 10)).toBe('  --rows N   how many\n  --by a|b   which\n  --dry      no more');
});

test.each(['', ' ', 'x', '1.5', '0', '6', 'Infinity'])('a whole number from 1 to 5 is not %j', text => {
  expect(() => readNumber({ rows: text }, 'rows', { min: 1, max: 5 }, wrong)).toThrow(
    `--rows takes a whole number from 1 to 5, not "${text}".`,
  );
});

test('numbers and choices are read where they are given', () => {
  expect(readNumber({ rows: '5' }, 'rows', { min: 1, max: 5 }, wrong)).toBe(5);
  expect(readNumber({ rows: '0.5' }, 'rows', { min: 0, max: 1, whole: false }, wrong)).toBe(0.5);
  expect(readChoice({ by: 'b' }, 'by', ['a', 'b'], wrong)).toBe('b');
  expect([readNumber({}, 'rows', { min: 1, max: 5 }, wrong), readChoice({}, 'by', ['a', 'b'], wrong)]).toEqual([undefined, undefined]);
  expect(() => readChoice({ by: 'c' }, 'by', ['a', 'b'], wrong)).toThrow('--by takes a, b; not "c".');
});
