import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { RunEvent } from '../debate/events';
import type { SetRow } from '../datasets/records';
import { settingsOf } from './training-plan';
import { foldLoopAll } from './fold';
import { runLoop } from './loop';
import { agreeing, blankDisk, essence, Killed, loopConfigOf, portsOf, sit, startOf, type World } from './loop.fixture';
import type { LiveLoopEvent, Society } from './records';
import { parseLoopEvent } from './schema';
import { seatsAfter, weightsOf } from './society';

const turnsOf = (runs: Map<string, RunEvent[]>): string[] =>
  [...runs].flatMap(([run, events]) => events.flatMap(event => (event.type === 'turn' ? [`${run} ${event.turn.id}`] : [])));

describe('a loop', () => {
  test('evaluates the base, then debates, collects, finetunes, adopts and evaluates, in that order', async () => {
    const world: World = { disk: blankDisk(), live: [], adopted: [] };
    const state = await sit(world, loopConfigOf({ iterations: 1 }));
    const types = world.disk.events.map(event => ('purpose' in event ? `${event.type} ${event.purpose} ${event.iteration}` : event.type));
    expect(types.filter(type => !type.startsWith('job'))).toEqual([
      'loop-started',
      'debated evaluate 0',
      'measured',
      'debated train 1',
      'collected',
      ...['adopted', 'adopted', 'adopted', 'adopted'],
      'debated evaluate 1',
      'measured',
      'loop-finished',
    ]);
    expect(types.filter(type => type.startsWith('job'))).toHaveLength(8);
    expect(state.finished).not.toBeNull();
    expect(world.adopted).toEqual([['loop/it1/generator_1', 'loop/it1/generator_2', 'loop/it1/critic_1', 'loop/it1/critic_2']]);
    expect(state.iterations.map(({ measured }) => measured!.measures.nll!.own.mean)).toEqual([1, 0.5]);
    // Everything that was stored passes the schema unchanged.
    expect(world.disk.events.map(event => parseLoopEvent(JSON.parse(JSON.stringify(event))))).toEqual(world.disk.events);
    const stages = world.live!.filter(event => event.type === 'stage').map(({ iteration, stage }) => `${iteration} ${stage}`);
    expect([...new Set(stages)]).toEqual(['0 evaluate', '1 debate', '1 collect', '1 finetune', '1 adopt', '1 evaluate']);
  });

  test('each agent is trained on its own set, from its own weights of the iteration before', async () => {
    const world: World = { disk: blankDisk() };
    const state = await sit(world, loopConfigOf());
    const orders = [...world.disk.jobs.values()].map(({ order }) => order);
    expect(new Set(orders.map(({ seed }) => seed)).size).toBe(8);
    for (const order of orders) {
      const set = world.disk.sets.get(order.datasetHash)!;
      expect(`${set.header.role}_${set.header.agent + 1} ${set.header.iteration}`).toBe(`${order.agent} ${order.iteration}`);
      expect(order.training.split('\n')).toHaveLength(set.rows.length + 1);
      expect(order.from).toBe(order.iteration === 1 ? null : weightsOf(state, order.agent, order.iteration - 1).model);
    }
    expect(seatsAfter(state, 2)).toEqual([
      { generator: 'loop/it2/generator_1', critic: 'loop/it2/critic_1' },
      { generator: 'loop/it2/generator_2', critic: 'loop/it2/critic_2' },
    ]);
  });

  test('what is held out leaves a critic its share of corrected rows, and the record says what was trained', async () => {
    const world: World = { disk: blankDisk() };
    const config = loopConfigOf({ iterations: 1, trainQuestions: 120, validationRows: 8 });
    const state = await sit(world, { ...config, datasets: { ...config.datasets, w: 0.5, criticOnEmpty: 'skip' } });
    for (const name of ['critic_1', 'critic_2'] as const) {
      const { rows } = state.iterations[1]!.jobs.get(name)!.ended!;
      const { order } = [...world.disk.jobs.values()].find(job => job.order.agent === name)!;
      const { header, rows: all } = world.disk.sets.get(order.datasetHash)!;
      const corrected = new Set(all.filter(({ kind }) => kind === 'corrected').map(({ messages }) => JSON.stringify({ messages })));
      const sent = order.training.trimEnd().split('\n');
      expect(rows).toEqual({ trained: sent.length, heldOut: 8, minus: sent.filter(line => corrected.has(line)).length });
      expect(Math.abs(rows!.minus! / rows!.trained - 0.5)).toBeLessThanOrEqual(1 / rows!.trained);
      expect(header.wRealised).toBeCloseTo(0.5, 1);
    }
  });

  test('started from the base every time when asked', async () => {
    const world: World = { disk: blankDisk() };
    await sit(world, loopConfigOf({ startFrom: 'base' }));
    expect([...world.disk.jobs.values()].map(({ order }) => order.from)).toEqual(Array(8).fill(null));
  });

  test.each([
    [1, 2],
    [8, 2],
    [2, 1],
    [2, 4],
    [1, 1],
  ])('runs with %i agents and %i rounds', async (agents, rounds) => {
    const world: World = { disk: blankDisk() };
    const state = await sit(world, loopConfigOf({ agents, rounds, iterations: 1, trainQuestions: 3 }));
    expect(state.finished).not.toBeNull();
    const { jobs } = state.iterations[1]!;
    expect(jobs.size).toBe(2 * agents);
    if (rounds === 1) expect(jobs.get('critic_1')!.ended).toMatchObject({ outcome: 'skipped', job: null });
  });

  test('an agent with nothing to train on keeps its weights and says why', async () => {
    const world: World = { disk: blankDisk(), script: () => 'I cannot say.' };
    const state = await sit(world, loopConfigOf({ iterations: 1 }));
    const ends = [...state.iterations[1]!.jobs.values()].map(({ ended }) => ended!);
    expect(ends.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
    expect(ends.every(({ reason }) => reason)).toBe(true);
    expect(world.disk.jobs.size).toBe(0);
    expect(seatsAfter(state, 1)).toEqual(startOf(loopConfigOf()).config.debate.seats);
  });

  test('a skipped critic keeps what an earlier iteration gave it', async () => {
    let silent = false;
    const world: World = {
      disk: blankDisk(),
      // From the second iteration on, critics say nothing that could be voted for.
      script: row => (silent && row.draw.role === 'critic' ? 'Hm.' : agreeing(row)),
    };
    await sit(world, loopConfigOf({ iterations: 1 }));
    silent = true;
    const state = await sit(world, loopConfigOf({ iterations: 1 }), { iterations: 2 });
    expect(state.iterations[2]!.jobs.get('critic_1')!.ended!.outcome).toBe('skipped');
    expect(seatsAfter(state, 2)[0]!.critic).toBe('loop/it1/critic_1');
  });
});

describe('a control', () => {
  test.each(['single-ft', 'union-data'] as const)('%s trains one model, which speaks as every agent', async society => {
    const world: World = { disk: blankDisk(), adopted: [] };
    const config = loopConfigOf({ society });
    const state = await sit(world, config);
    const apart = blankDisk();
    await sit({ disk: apart }, loopConfigOf());
    const orders = [...world.disk.jobs.values()].map(({ order }) => order);
    expect(orders.map(({ key }) => key)).toEqual(['loop/1/generator_1', 'loop/2/generator_1']);
    expect(orders.map(({ from }) => from)).toEqual([null, orders[0] && weightsOf(state, 'generator_1', 1).model]);
    const one = { generator: 'loop/it2/generator_1', critic: 'loop/it2/generator_1' };
    expect(seatsAfter(state, 2)).toEqual([one, one]);
    expect(world.adopted).toEqual([['loop/it1/generator_1'], ['loop/it2/generator_1']]);
    expect([...world.disk.runs.keys()]).toEqual([...apart.runs.keys()]);
    // The same questions, the same draws: until something is trained, the same words.
    for (const run of ['loop-it0-evaluate', 'loop-it1-train']) expect(world.disk.runs.get(run)).toEqual(apart.runs.get(run));
    // Its first set holds the rows of all agents' sets.
    const rowsIn = (disk: typeof apart, roles: readonly string[]): string[] =>
      [...disk.sets.values()]
        .flatMap(({ header, rows }) => (header.iteration === 1 && roles.includes(header.role) ? rows : []))
        .map(({ hash }) => hash);
    const roles = society === 'single-ft' ? ['generator'] : ['generator', 'critic'];
    expect(rowsIn(world.disk, ['generator']).sort()).toEqual(rowsIn(apart, roles).sort());
    expect(world.disk.events.map(event => parseLoopEvent(JSON.parse(JSON.stringify(event))))).toEqual(world.disk.events);
  });

  test('sees as many rows as all agents together, in one training', () => {
    const training = {
      generator: { ...loopConfigOf().training.generator, batchSize: 20, steps: 40, epochs: null },
      critic: { ...loopConfigOf().training.critic, batchSize: 8, steps: null, epochs: 3 },
    };
    const set = { role: 'generator', size: 400, minus: 40, plus: 60 } as SetRow;
    const of = (society: Society | undefined): number =>
      settingsOf(loopConfigOf({ agents: 3, training, ...(society && { society }) }), set).steps!;
    expect(of(undefined)).toBe(40);
    // Generators: 3 trainings of 40 × 20 rows; critics: 3 passes over 100.
    expect(of('union-data')).toBe((3 * 40 * 20 + 3 * 100) / 20);
    expect(settingsOf(loopConfigOf({ agents: 3, training, society: 'single-ft' }), { ...set, size: 300, minus: 0, plus: 0 }).steps).toBe(
      120,
    );
  });

  test('whose model has nothing to learn goes on as it was', async () => {
    const world: World = { disk: blankDisk(), script: () => 'I cannot say.' };
    const state = await sit(world, loopConfigOf({ iterations: 1, society: 'union-data' }));
    expect(state.iterations[1]!.jobs.get('generator_1')!.ended).toMatchObject({
      outcome: 'skipped',
      reason: 'no agent has anything to learn from',
    });
    expect(seatsAfter(state, 1)).toEqual(startOf(loopConfigOf()).config.debate.seats);
  });
});

describe('time left', () => {
  const lastOf = (world: World, iteration: number, stage: string, wanted: (event: Extract<LiveLoopEvent, { type: 'stage' }>) => boolean) =>
    world
      .live!.flatMap(event =>
        event.type === 'stage' && event.iteration === iteration && event.stage === stage && wanted(event) ? [event] : [],
      )
      .at(-1)!;

  test('steps that were made before anybody watched are no haste', async () => {
    // After a reload the past of every job is told at once: by the clock of this machine in no time, by the trainer's at one step in ten seconds.
    const config = loopConfigOf({ iterations: 1 });
    const world: World = {
      disk: blankDisk(),
      live: [],
      steps: () => Array.from({ length: 7 }, (_, i) => ({ step: i + 1, total: 40, at: 1000 + 10 * i })),
    };
    await sit(world, config);
    const { done, total, left } = lastOf(world, 1, 'finetune', ({ left: known, done: made, total: all }) => known !== null && made < all);
    // Four jobs side by side: four steps in ten seconds.
    expect(left! / (total - done)).toBeGreaterThan(2);
    expect(left! / (total - done)).toBeLessThan(3);
  });

  test('scoring is a part of its own, from nothing to everything, and says how long it takes', async () => {
    const world: World = { disk: blankDisk(), live: [] };
    await sit(world, loopConfigOf({ iterations: 1 }));
    const parts = world.live!.flatMap(event =>
      event.type === 'stage' && event.stage === 'evaluate' && event.iteration === 1 ? [event] : [],
    );
    const scoring = parts.filter(({ part }) => part === 'score');
    expect(parts.indexOf(scoring[0]!)).toBe(parts.length - scoring.length);
    expect([scoring[0]!.done, scoring[0]!.left, scoring.at(-1)!.done, scoring.at(-1)!.left]).toEqual([0, null, scoring[0]!.total, 0]);
    expect(scoring.slice(1, -1).every(({ left }) => left !== null && left > 0)).toBe(true);
    // Two questions, two answers each, two agents that score them.
    expect(scoring[0]!.total).toBe(8);
  });

  test('none is asked for: nothing is scored, nothing is told', async () => {
    const world: World = { disk: blankDisk(), live: [] };
    await sit(world, loopConfigOf({ iterations: 1, nllQuestions: 0 }));
    expect(world.live!.some(event => event.type === 'stage' && event.part === 'score')).toBe(false);
  });
});

describe('killed at any call and resumed', () => {
  const shapes = [
    { agents: 2, rounds: 2, iterations: 2 },
    { agents: 1, rounds: 3, iterations: 1 },
    { agents: 2, rounds: 2, iterations: 2, society: 'union-data' as const },
  ];
  test.each(shapes)('a loop is the same loop: %j', async shape => {
    const config = loopConfigOf({ ...shape, trainQuestions: 2, evalQuestions: 1, nllQuestions: 1 });
    const whole: World = { disk: blankDisk() };
    const ports = portsOf(whole);
    await runLoop({ start: startOf(config), state: foldLoopAll([]), ports, signal: new AbortController().signal });
    const total = ports.calls();

    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(total), { minLength: 1, maxLength: 6 }), async kills => {
        const disk = blankDisk();
        for (const killAt of [...kills, undefined]) {
          try {
            await sit({ disk, killAt }, config);
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
        }
        expect(essence(disk.events)).toEqual(essence(whole.disk.events));
        const turns = turnsOf(disk.runs);
        expect(new Set(turns).size).toBe(turns.length);
        expect(turns.sort()).toEqual(turnsOf(whole.disk.runs).sort());
        expect([...disk.jobs.keys()].sort()).toEqual([...whole.disk.jobs.keys()].sort());
        expect(disk.adapters).toEqual(whole.disk.adapters);
      }),
      { numRuns: 120 },
    );
  });
});

describe('what goes wrong', () => {
  const config = loopConfigOf({ iterations: 1 });

  test('a failed job halts the loop with its reason; resumed, only that agent is ordered again', async () => {
    const world: World = { disk: blankDisk(), fails: key => (key === 'loop/1/generator_2' ? 'out of memory' : null) };
    await expect(sit(world, config)).rejects.toThrow('training failed for generator_2: out of memory');
    expect(world.disk.events.filter(({ type }) => type === 'job-ended')).toHaveLength(4);
    expect(world.disk.events.at(-1)!.type).toBe('job-ended');
    const state = await sit(world, config);
    expect([...world.disk.jobs.keys()].filter(key => key.includes('generator_2'))).toEqual(['loop/1/generator_2', 'loop/1/generator_2/2']);
    expect(world.disk.jobs.size).toBe(5);
    expect(state.iterations[1]!.jobs.get('generator_2')).toMatchObject({ failures: 1, ended: { outcome: 'succeeded' } });
    expect(state.iterations[1]!.adopted.size).toBe(4);
  });

  test('told to go on, the loop keeps the previous weights of an agent whose job failed', async () => {
    const world: World = { disk: blankDisk(), fails: key => (key.endsWith('critic_1') ? 'diverged' : null) };
    await expect(sit(world, config)).rejects.toThrow('critic_1: diverged');
    const state = await sit(world, config, { onFailure: 'keep' });
    expect(state.finished).not.toBeNull();
    expect(state.iterations[1]!.jobs.get('critic_1')!.ended).toMatchObject({ outcome: 'failed', reason: 'diverged' });
    expect(seatsAfter(state, 1)[0]).toEqual({ generator: 'loop/it1/generator_1', critic: null });
  });

  test('a failed probe keeps an agent from speaking with weights that did not arrive', async () => {
    const probe = (id: string) => ({
      deviation: id.endsWith('generator_1') ? 1 : 0,
      bound: 0.01,
      passed: !id.endsWith('generator_1'),
      reason: 'off by 1',
    });
    const world: World = { disk: blankDisk(), probe };
    await expect(sit(world, config)).rejects.toThrow('generator_1: off by 1');
    expect(world.disk.events.filter(({ type }) => type === 'adopted')).toHaveLength(3);
    const state = await sit(world, config, { onFailure: 'keep' });
    expect(state.iterations[1]!.adopted.get('generator_1')!.probe!.passed).toBe(false);
    expect(seatsAfter(state, 1)[0]!.generator).toBeNull();
    const spoken = world.disk.runs.get('loop-it1-evaluate')!.flatMap(event => (event.type === 'turn' ? [event.turn.adapter] : []));
    expect(spoken).not.toContain('loop/it1/generator_1');
    expect(spoken).toContain('loop/it1/generator_2');
  });

  test('weights that changed on disk are noticed before anybody speaks with them', async () => {
    const world: World = { disk: blankDisk(), killAt: 10_000 };
    await sit(world, config, { iterations: 1 });
    world.probe = () => ({ deviation: 1, bound: 0.01, passed: false, reason: 'not the same' });
    await expect(sit(world, config, { iterations: 2 })).rejects.toThrow(/is not what was kept: not the same/);
  });

  test('an abort stops between events, and the loop goes on later', async () => {
    const world: World = { disk: blankDisk() };
    const control = new AbortController();
    world.live = Object.assign([] as LiveLoopEvent[], {
      push: (event: LiveLoopEvent) => (event.type === 'training' && control.abort(new Error('enough')), 0),
    });
    await expect(sit(world, config, { signal: control.signal })).rejects.toThrow('enough');
    const state = await sit({ disk: world.disk }, config);
    expect(state.finished).not.toBeNull();
    expect(world.disk.jobs.size).toBe(4);
  });

  test('a loop that was done goes on when more iterations are asked for', async () => {
    const world: World = { disk: blankDisk() };
    await sit(world, config);
    const length = world.disk.events.length;
    await sit(world, config);
    expect(world.disk.events).toHaveLength(length);
    const state = await sit(world, config, { iterations: 2 });
    expect(state.iterations).toHaveLength(3);
    expect(state.finished).not.toBeNull();
  });

  test.each([
    ['no questions', { train: [] }, /questions to train on/],
    ['a seat that is taken', {}, /starts as the base/],
  ])('refuses %s before anything is spoken', async (name, change, message) => {
    const start = { ...startOf(config), ...change };
    if (name.includes('seat')) start.config = { ...config, debate: { ...config.debate, seats: [{ generator: 'x', critic: null }] } };
    const world: World = { disk: blankDisk() };
    await expect(sit(world, config, { start })).rejects.toThrow(message);
    expect(world.disk.events).toHaveLength(0);
  });
});
