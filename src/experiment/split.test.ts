import fc from 'fast-check';
import { expect, test } from 'vitest';

import { mixSizes } from '../datasets/mix';
import type { DataRow, TrainingSet } from '../datasets/records';
import { heldOut, splitSet } from './split';

const setOf = (size: number, name = 'a', run = 'run'): TrainingSet => ({
  header: { sha256: `${name} ${run}`, run } as TrainingSet['header'],
  rows: Array.from(
    { length: size },
    (_, i) =>
      ({ hash: `${name}${i}`, run, from: [`q${i}/1.0.generator`], messages: [{ role: 'user', content: `${i}` }] }) as unknown as DataRow,
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
  const places = (rows: readonly DataRow[]) => rows.map(({ from }) => from.join()).sort();
  expect(places(splitSet(setOf(60, 'b'), 8).validation)).not.toEqual(places(splitSet(set, 8).validation));
});

test('the same rows are split the same, however the run was called that they come from', () => {
  const places = ({ validation, training }: ReturnType<typeof splitSet>) =>
    [validation, training].map(rows => rows.map(({ hash }) => hash));
  expect(places(splitSet(setOf(60, 'a', 'another run'), 8))).toEqual(places(splitSet(setOf(60), 8)));
});

test('what is trained keeps the share of corrected rows: within 1/T of w, whatever is held out', () => {
  fc.assert(
    fc.property(fc.nat(120), fc.nat(120), fc.integer({ min: 1, max: 99 }), fc.nat(40), fc.nat(1000), (a, b, percent, wanted, name) => {
      const w = percent / 100;
      const [minus, plus] = mixSizes(a, b, w);
      const set = setOf(minus + plus, `${name}`);
      set.rows.forEach((row, i) => (row.kind = i < minus ? 'corrected' : 'kept'));
      const { training, validation } = splitSet(set, wanted);
      expect(validation).toHaveLength(heldOut(minus + plus, wanted));
      if (!training.length) return;
      const share = training.filter(({ kind }) => kind === 'corrected').length / training.length;
      expect(Math.abs(share - w)).toBeLessThanOrEqual(1 / training.length + 1e-9);
    }),
  );
});
