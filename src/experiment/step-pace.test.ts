import { expect, test } from 'vitest';
import { StepPace } from './step-pace';

const paceOf = (times: readonly number[]): StepPace => {
  const pace = new StepPace();
  for (const at of times) pace.add(at);
  return pace;
};

test('one step tells nothing; two jobs side by side are twice as fast as one', () => {
  expect(paceOf([]).secondsFor(5)).toBeNull();
  expect(paceOf([10]).secondsFor(5)).toBeNull();
  expect(paceOf([10, 11]).secondsFor(5)).toBeNull();
  expect(paceOf([0, 1, 2, 3, 4]).secondsFor(5)).toBe(5);
  expect(paceOf([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]).secondsFor(9)).toBe(4);
});

test('the past of each job, told job by job at once, counts as when it was made', () => {
  const jobs = [
    [0, 2, 4, 6],
    [1, 3, 5, 7],
  ];
  expect(paceOf(jobs.flat()).secondsFor(7)).toBe(7);
  expect(paceOf(jobs.flat()).secondsFor(7)).toBe(paceOf(jobs.flat().sort((a, b) => a - b)).secondsFor(7));
});

test('what was long ago is forgotten', () => {
  const slow = [0, 20, 40, 60];
  const quick = Array.from({ length: 61 }, (_, i) => 200 + i);
  expect(paceOf([...slow, ...quick]).secondsFor(10)).toBe(10);
});
