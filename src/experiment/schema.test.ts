import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { isValiError } from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';

import { foldLoop, foldLoopAll, emptyLoop } from './fold';
import { blankDisk, loopConfigOf, sit, startOf, type World } from './loop.fixture';
import { presets } from './presets';
import type { LoopEvent, LoopFile } from './records';
import { parseLoopConfig, parseLoopEvent } from './schema';

let events: LoopEvent[] = [];
beforeAll(async () => {
  const world: World = { disk: blankDisk(), fails: key => (key.endsWith('critic_1') ? 'diverged' : null) };
  await sit(world, loopConfigOf({ iterations: 1, onFailure: 'keep' }));
  await sit(world, loopConfigOf({ iterations: 1 }), { iterations: 2, onFailure: 'keep' });
  ({ events } = world.disk);
});

/** Every path to a value inside, as keys. */
function paths(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...at, key]))];
}

function planted(root: unknown, path: readonly (string | number)[], value: unknown): unknown {
  if (!path.length) return value;
  const copy = structuredClone(root) as Record<string | number, unknown>;
  let here = copy;
  for (const key of path.slice(0, -1)) here = here[key] as Record<string | number, unknown>;
  here[path.at(-1)!] = value;
  return copy;
}

const poison = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    1.5,
    1e308,
    Number.MAX_SAFE_INTEGER + 1,
    '',
    '../../etc',
    '\u0000',
    '<script>',
    'x'.repeat(300_000),
    [],
    {},
    true,
  ),
  fc.constant(JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')),
);

describe('events from outside', () => {
  test('every kind of event passes unchanged', () => {
    expect(new Set(events.map(({ type }) => type)).size).toBe(9);
    expect(events.map(event => parseLoopEvent(JSON.parse(JSON.stringify(event))))).toEqual(events);
  });

  test('unknown fields are dropped, at any depth', () => {
    const start = events[0]!;
    const strange = { ...start, key: 'sk-secret', config: { ...(start as ReturnType<typeof startOf>).config, token: 'sk-secret' } };
    expect(parseLoopEvent(strange)).toEqual(start);
  });

  test('a value of another kind anywhere is refused or harmless: nothing else is thrown, nothing is polluted, the fold survives', () => {
    const places = events.flatMap((event, i) => paths(event).map(path => [i, path] as const));
    fc.assert(
      fc.property(fc.nat(places.length - 1), poison, (n, value) => {
        const [i, path] = places[n]!;
        let changed: LoopEvent;
        try {
          changed = parseLoopEvent(planted(events[i], path, value));
        } catch (error) {
          if (!isValiError(error)) throw error;
          return;
        }
        try {
          foldLoopAll(events.map((event, at) => (at === i ? changed : event)));
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });

  test('names that would leave their folder, or are no names, are refused', () => {
    const adopted = events.find(event => event.type === 'adopted')!;
    for (const adapter of ['../x', 'a/../../b', 'a b', '', 'a\u0000', 'x'.repeat(201)])
      expect(() => parseLoopEvent({ ...adopted, adapter })).toThrow();
    for (const agent of ['generator_0', 'critic_', 'judge_1', '__proto__', 'generator_1/..'])
      expect(() => parseLoopEvent({ ...adopted, agent })).toThrow();
  });

  test('a loss that is no number any more is kept as such', () => {
    const ended = events.find(event => event.type === 'job-ended')!;
    const read = parseLoopEvent(JSON.parse(JSON.stringify({ ...ended, losses: [1, Number.NaN] })));
    expect(read).toMatchObject({ losses: [1, Number.NaN] });
  });
});

describe('configurations', () => {
  test.each(presets.map(preset => [preset.id, preset] as const))('%s is one, and says what it is', (_, { config, about, cost, id }) => {
    expect(parseLoopConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
    expect(config.preset).toBe(id);
    expect(about.length).toBeGreaterThan(80);
    expect(cost).toMatch(/questions/);
  });

  test.each([
    ['both epochs and steps', { training: { epochs: 1, steps: 1 } }, /exactly one/],
    ['neither', { training: { epochs: null, steps: null } }, /exactly one/],
    ['an adapter without rank', { training: { rank: 0 } }, /rank of at least 1/],
  ])('%s is refused', (_, { training }, message) => {
    const { config } = presets[0]!;
    const changed = { ...config, training: { ...config.training, critic: { ...config.training.critic, ...training } } };
    expect(() => parseLoopConfig(changed)).toThrow(message);
  });
});

describe('the fold', () => {
  test('refuses what cannot have happened', () => {
    const [start, ...rest] = events;
    expect(() => foldLoopAll(rest)).toThrow(/starts before anything/);
    expect(() => foldLoopAll([start!, start!])).toThrow(/starts once/);
    const far = { ...events.find(event => event.type === 'measured')!, iteration: 7 };
    expect(() => foldLoopAll([start!, far])).toThrow(/iteration 7 comes before iteration 0/);
  });

  test('an event told twice in a row changes nothing', () => {
    const twice = events.flatMap((event): LoopEvent[] =>
      event.type === 'loop-started' || event.type === 'note' ? [event] : [event, event],
    );
    expect(foldLoopAll(twice)).toEqual(foldLoopAll(events));
  });

  test('progress is held for screens and gone when the loop is done', () => {
    const training = { type: 'training', iteration: 1, agent: 'critic_1', status: 'running', step: 1, total: 2, loss: 1, left: 3 } as const;
    let state = foldLoop(emptyLoop, { type: 'stage', iteration: 1, stage: 'finetune', done: 1, total: 2, left: null });
    state = foldLoop(state, training);
    expect(state.live.training.get('critic_1')).toEqual(training);
    expect(foldLoop(state, { type: 'stage', iteration: 1, stage: 'adopt', done: 0, total: 2, left: null }).live.training.size).toBe(0);
    expect(foldLoop(state, { type: 'loop-finished', at: '' }).live).toEqual(emptyLoop.live);
  });
});

test('the recordings that ship with the page are loops', () => {
  const runs = resolve(import.meta.dirname, '../../public/runs');
  for (const name of ['gentle', 'collapse']) {
    const file = JSON.parse(readFileSync(join(runs, name, 'loop.json'), 'utf8')) as LoopFile;
    const state = foldLoopAll(file.events.map(parseLoopEvent));
    expect(state.finished).not.toBeNull();
    expect(state.start!.config.preset).toBe(name);
  }
});
