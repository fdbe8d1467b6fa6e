import { expect, it } from 'vitest';
import { percent, wilson } from './interval';
import { namesEveryAnswer, plurality } from './probe';

it('gives Wilson intervals', () => {
  const [low, high] = wilson(8, 10);
  expect(low).toBeCloseTo(0.4902, 4);
  expect(high).toBeCloseTo(0.9433, 4);
  expect(wilson(0, 20)[0]).toBe(0);
  expect(wilson(20, 20)[1]).toBe(1);
  expect(() => wilson(0, 0)).toThrow(RangeError);
  expect(percent(338, 600)).toBe('56.3 % [52.3, 60.2]');
});

it('counts votes with ties to the earliest, and silence as none', () => {
  const texts = (...answers: (number | null)[]) => answers.map(a => (a === null ? 'lost' : `So \\boxed{${a}}`));
  expect(plurality(texts(1, 2, 2))).toBe(2);
  expect(plurality(texts(3, 1, 2))).toBe(3);
  expect(plurality(texts(null, 7, null))).toBe(7);
  expect(plurality(texts(null, null))).toBeNull();
});

it('knows when a summary names every answer with its holder', () => {
  const peers = [
    { name: 'Agent B', text: 'So \\boxed{7}' },
    { name: 'Agent C', text: 'hm' },
  ];
  expect(namesEveryAnswer('Agent B: 7. Agent C: no answer. No shared step differs.', peers)).toBe(true);
  expect(namesEveryAnswer('Agent B: 7. Agent C: 7. All agree.', peers)).toBe(false);
  expect(namesEveryAnswer('Agent B: 71. Agent C: no answer.', peers)).toBe(false);
});
