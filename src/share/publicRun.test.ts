import { expect, test } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import type { RunEvent } from '../debate/events';
import { encodeRunFile } from './file';
import { encodeLink } from './link';
import { publicRun } from './publicRun';

const canary = 'hf_canaryCANARYcanary0123456789';

/** A run with the canary in every place where a careless page could have put a key. */
function poisoned(): RunEvent[] {
  const spread = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(spread);
    if (typeof value !== 'object' || value === null) return value;
    return {
      ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'counts' ? inner : spread(inner)])),
      apiKey: canary,
    };
  };
  const base = { kind: 'hub' as const, id: 'org/model', host: `https://user:${canary}@hub.example/path?token=${canary}` };
  return fixtureRun().events.flatMap((event): RunEvent[] => {
    const given = spread(event) as RunEvent;
    if (given.type === 'run-started') {
      const engine = { ...given.engine, base };
      return [{ ...given, config: { ...given.config, base }, engine }];
    }
    if (given.type !== 'turn' || given.turn.role !== 'critic') return [given];
    const { id, qid, round, agent, role } = given.turn;
    const message = `401 from https://user:${canary}@api.example/v1?key=${canary} with Authorization: Bearer ${canary}`;
    return [{ type: 'turn-failed', id, qid, round, agent, role, error: { code: 'auth', message, hint: `use ${canary}` } }];
  });
}

const texts = async (): Promise<string[]> => {
  const events = poisoned();
  const start = events[0];
  const qid = start?.type === 'run-started' ? start.questions[0]!.qid : '';
  const { toWire1, fullLink } = await import('./encodeLink');
  return [
    JSON.stringify(publicRun(events)),
    await (await encodeRunFile(events)).text(),
    JSON.stringify(toWire1(publicRun(events), qid, fullLink)),
    String((await encodeLink(events, qid)).fragment),
  ];
};

test('a planted key is in the run and in nothing that leaves the page', async () => {
  expect(JSON.stringify(poisoned()).split(canary).length).toBeGreaterThan(50);
  for (const text of await texts()) expect(text).not.toContain(canary);
});

test('the host of a model is told, how it was reached is not', () => {
  const [start] = publicRun(poisoned());
  expect(start).toMatchObject({ config: { base: { host: 'https://hub.example' } }, engine: { base: { host: 'https://hub.example' } } });
});

test('an ordinary run leaves whole', () => {
  const { events } = fixtureRun();
  expect(publicRun(events)).toEqual(events);
});
