import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

import type { LoopFile } from '../../experiment/records';
import { timesOf } from './loop';

const { events } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../public/runs/gentle/loop.json'), 'utf8')) as LoopFile;

test('the times of an iteration come off its record and add up', () => {
  const { questions, trained, debate, train, adopt, evaluate, measure, total } = timesOf(events, 1);
  expect(questions.every(count => count > 0)).toBe(true);
  expect(trained).toBeGreaterThan(0);
  expect(debate + train + adopt + evaluate + measure).toBeCloseTo(total, 6);
  for (const part of [debate, train, adopt, evaluate, measure]) expect(part).toBeGreaterThanOrEqual(0);
});

test('an iteration that was cut off has no times', () => {
  expect(() =>
    timesOf(
      events.filter(event => event.type !== 'measured' || event.iteration !== 1),
      1,
    ),
  ).toThrow(/not whole/);
});
