import { expect, it } from 'vitest';
import { learningRate, type Schedule } from './schedule';

const rates = (schedule: Schedule, total: number) =>
  Array.from({ length: total }, (_, step) => Number(learningRate(schedule, step, total).toFixed(6)));

it('warms up to the peak without a step at zero, then stays, falls along a line, or along half a cosine', () => {
  expect(rates({ kind: 'constant', peak: 0.2, warmup: 2 }, 4)).toEqual([0.1, 0.2, 0.2, 0.2]);
  expect(rates({ kind: 'linear', peak: 1, warmup: 2 }, 8)).toEqual([0.5, 1, 1, 0.85, 0.7, 0.55, 0.4, 0.25]);
  expect(rates({ kind: 'cosine', peak: 1, warmup: 0 }, 4)).toEqual([1, 0.853553, 0.5, 0.146447]);
  expect(rates({ kind: 'linear', peak: 1, warmup: 0, floor: 0 }, 2)).toEqual([1, 0.5]);
  expect(rates({ kind: 'cosine', peak: 1, warmup: 0, floor: 0.5 }, 2)).toEqual([1, 0.75]);
});

it('a warm-up longer than the run never reaches the peak', () => {
  expect(rates({ kind: 'cosine', peak: 1, warmup: 10 }, 3)).toEqual([0.1, 0.2, 0.3]);
});

it('refuses steps outside the run and impossible settings', () => {
  const plain: Schedule = { kind: 'constant', peak: 1, warmup: 0 };
  expect(() => learningRate(plain, 4, 4)).toThrow('update 4 of 4');
  expect(() => learningRate(plain, -1, 4)).toThrow('update -1 of 4');
  expect(() => learningRate({ ...plain, peak: NaN }, 0, 4)).toThrow('peak of the learning rate is NaN');
  expect(() => learningRate({ ...plain, warmup: -1 }, 0, 4)).toThrow('warmup of the learning rate is -1');
});
