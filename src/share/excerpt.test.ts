import { expect, test } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import type { RunEvent } from '../debate/events';
import { foldAll } from '../debate/fold';
import { excerptOf } from './excerpt';
import { encodeRunFile } from './file';
import { openForeign } from './open';

const one = fixtureRun().events;
const [start] = one as [Extract<RunEvent, { type: 'run-started' }>];
const qid = start.questions[0]!.qid;
const other = JSON.parse(JSON.stringify(one.slice(1, -1)).replaceAll(qid, 'another')) as RunEvent[];
const both: RunEvent[] = [
  { ...start, title: 'Two', questions: [...start.questions, { ...start.questions[0]!, qid: 'another' }] },
  ...other,
  ...one.slice(1),
];

test('one question of a run is a run that opens whole, intact and under its own name', async () => {
  const events = excerptOf(both, qid);
  const opened = await openForeign(new Uint8Array(await (await encodeRunFile(events)).arrayBuffer()));
  expect(opened.edited).toBe('intact');
  expect([...opened.state.questions.values()]).toEqual([...foldAll(one).questions.values()]);
  expect(opened.state.start).toMatchObject({ title: start.questions[0]!.text, questions: start.questions });
  expect(opened.state.start!.run).not.toBe(start.run);
  expect(excerptOf(both, qid)).toEqual(events);
  expect(excerptOf(both, 'another')[0]).not.toMatchObject({ run: opened.state.start!.run });
});

test('a question that the run does not hold is none', () => {
  expect(() => excerptOf(both, 'nobody')).toThrow(RangeError);
});
