import { describe, expect, it } from 'vitest';
import { collectSets } from '../../datasets/collect';
import { datasetDefaults } from '../../datasets/records';
import { configOf, debate, noisy } from '../../debate/scripted.fixture';
import { setRecord } from '../../store/set-records';
import { everything, filterRows, lineOf } from './filter';
import { groupSets } from './groups';
import { decodeSets, encodeSets } from '../../datasets/sets-file';
import { readShare, shareText } from '../../datasets/share';
import { discards, makeup, setName } from './words';

const collected = debate(configOf({ minVotes: 1, tieTrain: 'random' }), noisy, { count: 30 }).then(({ state }) =>
  collectSets(state, { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 }),
);

describe('data screen', () => {
  it('reads a share as people write one', () => {
    expect(['0.5', '50 %', '2/3', ' 1 ', '0', '0,25'].map(readShare)).toEqual([0.5, 0.5, 2 / 3, 1, 0, 0.25]);
    for (const value of [0, 1, 0.5, 2 / 3, 1 / 3, 5 / 7, 0.123456789]) expect(readShare(shareText(value))).toBe(value);
    expect([2 / 3, 0.5, 1].map(shareText)).toEqual(['2/3', '0.5', '1']);
    expect(['', 'half', '1.5', '150%', '1/0', '0/0', '-1', '3/2', '1e-1'].map(readShare)).toEqual(Array(9).fill(null));
  });

  it('finds rows by kind, speaker and text', async () => {
    const { rows, header } = (await collected).find(({ header }) => header.role === 'critic' && header.minus && header.plus)!;
    expect(filterRows(rows, everything)).toEqual(rows);
    expect(filterRows(rows, { ...everything, kinds: new Set(['corrected'] as const) })).toHaveLength(header.minus);
    expect(filterRows(rows, { ...everything, speaker: header.agent })).toHaveLength(rows.length);
    expect(filterRows(rows, { ...everything, speaker: 99 })).toEqual([]);
    const { asked, said } = lineOf(rows[0]!);
    expect(rows[0]!.messages[0]!.content).toContain(asked);
    expect(filterRows(rows, { ...everything, text: said.toUpperCase() })).toContain(rows[0]);
    expect(filterRows(rows, { ...everything, text: 'nobody says this' })).toEqual([]);
  });

  it('says what a set is made of and why questions gave nothing', async () => {
    const { header } = (await collected).find(({ header }) => header.role === 'critic' && header.minus && header.plus)!;
    expect(setName(header)).toMatch(/^Critic [ABC]$/);
    expect(makeup(header)).toBe(`${header.minus} corrected + ${header.plus} kept, w\u00a0${header.wRealised!.toFixed(2)}`);
    expect(discards(header).every(({ reason }) => reason.length > 8)).toBe(true);
  });

  it('groups what was collected together, newest first', async () => {
    const sets = await collected;
    const later = sets.map(({ header, rows }) => ({ header: { ...header, iteration: 2 }, rows }));
    const records = [...sets.map(set => setRecord(set, '2026-11-21')), ...later.map(set => setRecord(set, '2026-11-22', 'l'))];
    const groups = groupSets(records, ({ loop }) => (loop ? { title: 'A loop', href: '#/loop/l' } : null));
    expect(groups.map(({ title, iteration, sets }) => [title, iteration, sets.length])).toEqual([
      ['A loop', 2, 6],
      ['test', 1, 6],
    ]);
  });

  it('writes a file of its own and reads it back whole, or says what is wrong', async () => {
    const sets = await collected;
    expect(decodeSets(encodeSets(sets))).toEqual(sets);
    expect(decodeSets('{"messages":[]}')).toBeNull();
    expect(() => decodeSets(encodeSets(sets).replace('"schema":1,"sets"', '"schema":2,"sets"'))).toThrow('newer');
    expect(() => decodeSets(encodeSets(sets).replace('boxed', 'b0xed'))).toThrow(/^set 1: the rows/);
  });
});
