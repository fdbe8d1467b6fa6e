import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { RunFile } from '../../../debate/events';
import { foldAll, type RunState } from '../../../debate/fold';
import { foldLoopAll } from '../../../experiment/fold';
import type { LoopFile } from '../../../experiment/records';
import { parseLoopEvent } from '../../../experiment/schema';
import { costRows } from '../labels';
import { recordings } from '../recordings';
import { costSorted, questionCosts, trainingCosts } from './cost-rows';

const folder = resolve(import.meta.dirname, '../../../../public', recordings[0]!.folder);
const events = (JSON.parse(readFileSync(resolve(folder, 'loop.json'), 'utf8')) as LoopFile).events.map(parseLoopEvent);
const loop = foldLoopAll(events);
const read = (run: string): RunState =>
  foldAll((JSON.parse(gunzipSync(readFileSync(resolve(folder, `runs/${run}.run.json.gz`))).toString()) as RunFile).events);
const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, row) => total + of(row), 0);

it('rows behind a cost add up to it', () => {
  for (const [i, cost] of costRows(loop).entries()) {
    const it = loop.iterations[i]!;
    const asked = [it.debated, it.evaluated].flatMap(one => (one ? questionCosts(read(one.run)) : []));
    expect([sum(asked, ({ calls }) => calls), sum(asked, ({ newTokens }) => newTokens)]).toEqual([cost.calls, cost.newTokens]);
    const trained = trainingCosts(it);
    expect(trained).toHaveLength(i === 0 ? 0 : 6);
    expect(sum(trained, ({ trainedTokens }) => trainedTokens)).toBe(cost.trainedTokens);
    expect(sum(trained, ({ trainedTokens, trainedParameters }) => trainedTokens * trainedParameters)).toBe(cost.work);
    expect(sum(trained, ({ seconds }) => seconds)).toBeCloseTo(cost.trainSeconds, 6);
    expect(trained.every(({ sha256, updates }) => /^[0-9a-f]{64}$/.test(sha256!) && updates > 0)).toBe(true);
  }
});

it('rows behind a cost can be put in order', () => {
  const rows = [3, 1, 2].map(newTokens => ({ qid: String(newTokens), text: '', calls: 1, promptTokens: 0, newTokens }));
  const order = (by: 'most' | 'least' | 'asked') => costSorted(rows, by).map(({ qid }) => qid);
  expect([order('most'), order('least'), order('asked')]).toEqual([
    ['3', '2', '1'],
    ['1', '2', '3'],
    ['3', '1', '2'],
  ]);
});
