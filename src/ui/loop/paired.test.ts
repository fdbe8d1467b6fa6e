import { expect, it } from 'vitest';
import { configOf, debate, noisy } from '../../debate/scripted.fixture';
import { holm } from '../../metrics/paired';
import { compareAll, pWords, verdictOf } from './paired';

it('compares every measure of every iteration, and corrects for all the votes that can be read together', async () => {
  const runs = await Promise.all([1, 2, 3].map(async seed => (await debate(configOf({ seed }), noisy, { count: 4 })).state));
  const [before, ...after] = runs.map(run => ({
    ...run,
    questions: new Map([...run.questions.values()].map((q, i) => [String(i), { ...q, question: { ...q.question, qid: String(i) } }])),
  }));
  const { rows, tests } = await compareAll(
    after.map((run, i) => ({ iteration: i + 1, before: before!, after: run })),
    1,
  );
  expect(tests).toBe(4);
  const votes = [...rows.debate, ...rows.majority];
  expect(votes.map(({ adjusted }) => adjusted)).toEqual(holm(votes.map(({ p }) => p!)));
  expect([...rows.critic, ...rows.generator].map(({ iteration, adjusted }) => [iteration, adjusted])).toEqual([
    [1, null],
    [2, null],
    [1, null],
    [2, null],
  ]);
});

it('claims something only when the interval leaves no change out', () => {
  expect(verdictOf({ low: -0.01, high: 0.09 })).toBe('open');
  expect(verdictOf({ low: 0.01, high: 0.09 })).toBe('better');
  expect(verdictOf({ low: -0.09, high: -0.01 })).toBe('worse');
});

it('never writes a chance as nothing', () => expect([pWords(0.0004), pWords(0.115)]).toEqual(['< 0.001', '0.115']));
