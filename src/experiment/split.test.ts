import { expect, test } from 'vitest';

import type { DataRow, TrainingSet } from '../datasets/records';
import { splitSet } from './split';

const setOf = (size: number, sha256 = 'a'): TrainingSet => ({
  header: { sha256 } as TrainingSet['header'],
  rows: Array.from(
    { length: size },
    (_, i) => ({ hash: `h${i}`, from: [`q${i}/1.0.generator`], messages: [{ role: 'user', content: `${i}` }] }) as unknown as DataRow,
  ),
});

test.each([
  [19, 8, 0],
  [20, 8, 4],
  [39, 8, 7],
  [100, 8, 8],
  [100, 0, 0],
])('of %i rows, %i asked for, %i are held out', (size, wanted, held) => {
  const { training, validation } = splitSet(setOf(size), wanted);
  expect([training.length, validation.length]).toEqual([size - held, held]);
  expect(new Set([...training, ...validation]).size).toBe(size);
});

test('the split follows from the set: not from the order of its rows, and another set is split otherwise', () => {
  const names = (rows: readonly DataRow[]) => rows.map(({ hash }) => hash).sort();
  const set = setOf(60);
  const turned = { ...set, rows: [...set.rows].reverse() };
  expect(names(splitSet(turned, 8).validation)).toEqual(names(splitSet(set, 8).validation));
  expect(names(splitSet(setOf(60, 'b'), 8).validation)).not.toEqual(names(splitSet(set, 8).validation));
});
