import { expect, test } from 'vitest';
import { configOf, debate, noisy } from '../debate/scripted.fixture';
import { collectSets } from './collect';
import { datasetDefaults } from './records';
import { parseTrainingSet } from './schema';
import { unionOf } from './union';

test('a union holds every row of its sets, is named by them, and says what they left out', async () => {
  const { state } = await debate(configOf(), noisy, { count: 12 });
  const sets = await collectSets(state, { ...datasetDefaults, criticOnEmpty: 'other' }, { iteration: 2 });
  const both = unionOf(sets, ['generator', 'critic']);
  expect(both.rows).toEqual(sets.flatMap(({ rows }) => rows));
  const sum = (read: (header: (typeof both)['header']) => number): number => sets.reduce((total, { header }) => total + read(header), 0);
  const { header } = both;
  expect(header).toMatchObject({ agent: 0, role: 'generator', shared: true, iteration: 2, skipped: null, size: sum(({ size }) => size) });
  expect([header.minus, header.plus, header.unused]).toEqual([
    sum(({ minus }) => minus),
    sum(({ plus }) => plus),
    sum(({ unused }) => unused),
  ]);
  expect(header.discarded.differs).toBe(sum(({ discarded }) => discarded.differs ?? 0));
  // It passes the border unchanged.
  expect(parseTrainingSet(JSON.parse(JSON.stringify(both)))).toEqual(both);

  const first = unionOf(sets, ['generator']);
  expect(first.rows.every(({ kind }) => kind === 'first')).toBe(true);
  expect([first.header.minus, first.header.plus, first.rows.length]).toEqual([0, 0, both.rows.length - header.minus - header.plus]);
  expect(first.header.sha256).not.toBe(header.sha256);
});

test('nobody has anything to learn: the union says so', async () => {
  const { state } = await debate(configOf(), () => 'I cannot say.', { count: 2 });
  const { header } = unionOf(await collectSets(state, datasetDefaults, { iteration: 1 }), ['generator']);
  expect([header.size, header.skipped]).toEqual([0, 'no agent has anything to learn from']);
  expect(() => unionOf([], ['generator'])).toThrow(RangeError);
});
