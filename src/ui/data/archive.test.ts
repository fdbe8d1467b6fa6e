import { strToU8, zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectSets } from '../../datasets/collect';
import { isArchive } from '../../datasets/formats/archive';
import { bundle } from '../../datasets/formats/bundle';
import { formats } from '../../datasets/formats/formats';
import { preferencePairs } from '../../datasets/pairs';
import { agentName, datasetDefaults, type TrainingSet } from '../../datasets/records';
import { rowHash } from '../../datasets/seal';
import type { RunState } from '../../debate/fold';
import { configOf, debate, noisy } from '../../debate/scripted.fixture';
import { readArchive } from './archive';

let state: RunState;
let sets: TrainingSet[];
beforeAll(async () => {
  ({ state } = await debate(configOf({ minVotes: 1, tieTrain: 'random' }), noisy, { count: 40 }));
  sets = (await collectSets(state, { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 })).filter(({ header }) => header.size > 0);
});

const zip = (files: Record<string, string>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])));

describe('archives of rows', () => {
  it('every format that is exported comes back, agent by agent', () => {
    for (const { id, title } of formats) {
      const agents = sets.map(({ header: { role, agent }, rows }) => ({
        agent: agentName(role, agent),
        rows,
        pairs: preferencePairs(state, role, agent, 1),
      }));
      const { files, problems } = bundle(id, agents, 'base');
      expect(problems.filter(({ found }) => found.severity === 'error')).toEqual([]);
      const bytes = zip(files);
      expect(isArchive(bytes)).toBe(true);
      const parts = readArchive(bytes);
      const meant = agents.filter(({ rows, pairs }) => (id === 'preference' ? pairs : rows).length);
      expect(parts.map(({ role, agent }) => agentName(role, agent)).sort()).toEqual(meant.map(({ agent }) => agent).sort());
      for (const { role, agent, read, format } of parts) {
        expect([format, read.problems]).toEqual([title, []]);
        const { rows, pairs } = agents.find(one => one.agent === agentName(role, agent))!;
        if (id === 'preference') expect(read.rows.map(messages => messages.at(-1)!.content)).toEqual(pairs.map(({ chosen }) => chosen));
        else expect(read.rows.map(rowHash)).toEqual(rows.map(({ hash }) => hash));
      }
    }
  });

  it('what is too much, torn or something else is refused in words', () => {
    const rows = { 'generator_1.jsonl': '{"messages":[]}\n'.repeat(2000) };
    expect(() => readArchive(zip(rows), 20_000)).toThrow('unpacks to more than 0 MB');
    expect(() => readArchive(zip(rows).slice(0, -30))).toThrow('no archive, or a part of it is missing');
    expect(() => readArchive(zip({ 'agents/a/facts.json': '{}', '../generator_1.jsonl': 'x' }))).toThrow('holds no rows of agents');
    expect(() => readArchive(zip(Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`critic_${i + 1}.jsonl`, 'x']))))).toThrow(
      'more than 200 agents',
    );
    expect(() => readArchive(zipSync({ 'critic_1.jsonl': Uint8Array.of(0xff, 0xfe) }))).toThrow('critic_1.jsonl is no text');
  });
});
