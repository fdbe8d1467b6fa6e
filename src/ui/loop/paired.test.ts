import { expect, it } from 'vitest';
import { pWords, verdictOf } from './paired';

it('claims something only when the interval leaves no change out', () => {
  expect(verdictOf({ low: -0.01, high: 0.09 })).toBe('open');
  expect(verdictOf({ low: 0.01, high: 0.09 })).toBe('better');
  expect(verdictOf({ low: -0.09, high: -0.01 })).toBe('worse');
});

it('never writes a chance as nothing', () => expect([pWords(0.0004), pWords(0.115)]).toEqual(['< 0.001', '0.115']));
