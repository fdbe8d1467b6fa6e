import { describe, expect, it } from 'vitest';
import { fixtureRun, randomScript } from '../../../test/fixtures/run';
import { emptyRun, fold, foldAll } from '../../debate/fold';
import { answer, type Problem } from '../../tasks/arithmetic/problem';
import { filterRows, rowMaker, type Flag } from './rows';

function rowsOf(problem: Problem, script: (number | null)[][]) {
  const state = foldAll(fixtureRun(problem, script).events);
  return rowMaker(state.start!.config)(state.questions.values())[0]!;
}
const problem: Problem = [7, 3, 8, 2, 4, 5];
const flagsOf = (script: (number | null)[][]): Flag[] => [...rowsOf(problem, script).flags].sort();

describe('rows of a batch', () => {
  it('flags what is worth a look', () => {
    expect(answer(problem)).toBe(13);
    expect(
      flagsOf([
        [13, 13, 13],
        [13, 13, 13],
      ]),
    ).toEqual([]);
    expect(
      flagsOf([
        [33, 33, 13],
        [13, 13, 13],
      ]),
    ).toEqual(['flipped']);
    expect(
      flagsOf([
        [13, 13, 13],
        [13, 13, 33],
      ]),
    ).toEqual(['split']);
    expect(
      flagsOf([
        [13, 13, 13],
        [33, 33, 13],
      ]),
    ).toEqual(['flipped', 'split', 'wrong']);
    expect(
      flagsOf([
        [13, null, 13],
        [13, 13, 13],
      ]),
    ).toEqual(['unparsed']);
    expect(
      flagsOf([
        [null, null],
        [null, null],
      ]),
    ).toEqual(['unparsed', 'wrong']);
  });

  it('keeps the row of a question that did not change, also when all questions start alike', () => {
    const { events } = fixtureRun(problem, randomScript(3, 2, 13, 4));
    const start = events[0]!;
    if (start.type !== 'run-started') throw new Error('a run begins with its start');
    const second = { ...start.questions[0]!, qid: 'other', text: 'What is 1+1*1+1-1*1?', truth: '2' };
    const make = rowMaker(start.config);
    let state = fold(emptyRun, { ...start, questions: [start.questions[0]!, second] });
    const before = make(state.questions.values());
    expect(before.map(row => row.text)).toEqual([start.questions[0]!.text, second.text]);
    for (const event of events.slice(1)) if (event.type === 'turn') state = fold(state, event);
    const after = make(state.questions.values());
    expect(after[1]).toBe(before[1]);
    expect(after[0]).not.toBe(before[0]);
    expect(after[0]!.cells.flat().every(cell => cell.kind === 'answer')).toBe(true);
    expect(after[0]!.winner).toBeUndefined();
  });

  it('finds rows by flags, question and answer', () => {
    const rows = [
      rowsOf(problem, [
        [13, 13],
        [13, 13],
      ]),
      rowsOf(problem, [
        [33, 33],
        [33, 34],
      ]),
    ];
    const find = (flags: Flag[], search: string) => filterRows(rows, { flags: new Set(flags), search }).length;
    expect([find([], ''), find(['wrong'], ''), find(['wrong', 'flipped'], '')]).toEqual([2, 1, 0]);
    expect([find([], '7+3'), find([], '34'), find([], 'nowhere')]).toEqual([2, 1, 0]);
  });
});
