// Test only: a loop over scripted agents and a scripted endpoint, kept in memory, that can be killed at any call.
import type { AgentName, TrainingSet } from '../datasets/records';
import type { RunEvent } from '../debate/events';
import { emptyRun, foldAll } from '../debate/fold';
import { runDebate } from '../debate/protocol';
import { scripted, type Script } from '../debate/scripted.fixture';
import { hash128 } from '../tasks/hash';
import { foldLoopAll, type LoopStart, type LoopState } from './fold';
import { runLoop, type LoopOptions } from './loop';
import type { TuneOrder, Tuned } from '../datasets/order';
import { JobFailed, type LoopPorts } from './ports';
import { presetById } from './presets';
import { evalQuestions, trainQuestions } from './questions';
import type { LiveLoopEvent, LoopConfig, LoopEvent, ProbeResult } from './records';

export class Killed extends Error {
  override readonly name = 'Killed';
}

const roll = (value: unknown): number => parseInt(hash128(JSON.stringify(value)).slice(0, 6), 16) / 0xffffff;

/** Generators agree every other time, critics always: every agent has something to learn. */
export const agreeing: Script = ({ draw }) => {
  if (draw.role === 'summariser') return 'They differ.';
  return `So \\boxed{${draw.role === 'generator' && roll([draw.qid, draw.agent]) < 0.4 ? draw.agent : 7}}`;
};

/** What survives a kill: the journals, the sets, the endpoint and its jobs, the kept weights. */
export interface Disk {
  events: LoopEvent[];
  runs: Map<string, RunEvent[]>;
  sets: Map<string, TrainingSet>;
  /** Jobs by order key, as the endpoint keeps them. */
  jobs: Map<string, { job: string; order: TuneOrder }>;
  adapters: Map<string, string>;
}

export const blankDisk = (): Disk => ({ events: [], runs: new Map(), sets: new Map(), jobs: new Map(), adapters: new Map() });

export interface World {
  disk: Disk;
  /** Dies at the call of this number; counts down over sittings. */
  killAt?: number;
  script?: Script;
  /** Jobs that fail, by order key. */
  fails?: (key: string) => string | null;
  probe?: (adapter: string) => ProbeResult | null;
  live?: LiveLoopEvent[];
  /** Steps that the endpoint tells of a job, in place of one. */
  steps?: (order: TuneOrder) => { step: number; total: number; at: number }[];
  /** Sets of agents made speakable, in order. */
  adopted?: string[][];
}

const stamp = '2026-11-21T00:00:00.000Z';

export function portsOf(world: World): LoopPorts & { calls: () => number } {
  const { disk } = world;
  let calls = 0;
  /** Before and after a call takes effect are different moments to die in. */
  const mayDie = (): void => {
    if (calls++ === world.killAt) throw new Killed(`call ${calls - 1}`);
  };
  let ticks = 0;
  let speakable = new Set<string>();
  const around = async <T>(effect: () => T | Promise<T>): Promise<T> => {
    await Promise.resolve();
    mayDie();
    const result = await effect();
    mayDie();
    return result;
  };
  return {
    calls: () => calls,
    append: event => around(() => void disk.events.push(structuredClone(event))),
    emit: event => void world.live?.push(event),
    now: () => stamp,
    clock: () => (ticks += 10),
    async debate({ run, title, config, questions }, onTurns, signal) {
      const events = disk.runs.get(run) ?? [];
      disk.runs.set(run, events);
      const named = config.seats.flatMap(({ generator, critic }) => [generator, critic]).filter(id => id !== null);
      const stored = events.length ? foldAll(events) : emptyRun;
      if (!stored.finished) for (const id of named) if (!speakable.has(id)) throw new Error(`${id} was never adopted`);
      const { engine } = startOf();
      return runDebate({
        start: { type: 'run-started', schema: 1, run, at: stamp, title, app: 'test', config, engine, questions: [...questions] },
        state: stored,
        generate: scripted(world.script ?? agreeing),
        append: event => around(() => void events.push(event)),
        emit: event => event.type === 'turn' && onTurns(events.filter(({ type }) => type === 'turn').length, 100),
        now: () => stamp,
        width: 8,
        signal,
      });
    },
    keepSets: sets => around(() => sets.forEach(set => disk.sets.set(set.header.sha256, set))),
    readSet: sha256 => around(() => disk.sets.get(sha256) ?? null),
    async finetune(order, on, signal) {
      await around(() => undefined);
      const before = disk.jobs.get(order.key);
      if (before && JSON.stringify(before.order) !== JSON.stringify(order)) throw new Error(`${order.key} was ordered differently before`);
      const job = before?.job ?? `job-${hash128(order.key).slice(0, 8)}`;
      disk.jobs.set(order.key, { job, order });
      on({ type: 'created', job });
      on({ type: 'status', status: 'running' });
      for (const told of world.steps?.(order) ?? [{ step: 1, total: 2 }]) on({ type: 'step', loss: 2, left: 1, ...told });
      await around(() => undefined);
      signal.throwIfAborted();
      const reason = world.fails?.(order.key);
      if (reason) throw new JobFailed(job, reason);
      return tunedOf(order, job);
    },
    keepAdapter: (id, tuned, { dataset }) =>
      around(() => {
        const sha = hash128(`${tuned.model} ${dataset}`).repeat(2);
        disk.adapters.set(id, sha);
        return sha;
      }),
    adopt: adapters =>
      around(() => {
        for (const id of adapters) if (!disk.adapters.has(id)) throw new Error(`${id} is not kept`);
        speakable = new Set(adapters);
        world.adopted?.push([...adapters]);
        return new Map(adapters.map(id => [id, world.probe ? world.probe(id) : { deviation: 0, bound: 1e-3, passed: true, reason: null }]));
      }),
    score: (rows, onScored) =>
      around(() =>
        rows.map(({ text, adapter }, i) => {
          onScored(i + 1);
          return [...text].map(() => (adapter === null ? -1 : -0.5));
        }),
      ),
  };
}

function tunedOf(order: TuneOrder, job: string): Tuned {
  return {
    job,
    model: `ft:${order.base}:${job}`,
    files: { 'adapter_model.safetensors': new Uint8Array(4), 'adapter_config.json': new Uint8Array(2) },
    steps: [
      { step: 1, total: 2, loss: 2 },
      { step: 2, total: 2, loss: 1 },
    ],
    validation: [],
    trainedTokens: 100,
    trainedParameters: 10,
    warnings: [],
  };
}

export function loopConfigOf(change: Partial<LoopConfig> & { agents?: number; rounds?: number } = {}): LoopConfig {
  const { agents = 2, rounds = 2, ...rest } = change;
  const { config } = presetById('gentle');
  const seats = Array.from({ length: agents }, () => ({ generator: null, critic: null }));
  // Both sides of an unbalanced mix are trained on: two questions make small sets.
  const datasets = { ...config.datasets, criticOnEmpty: 'other' as const };
  const debate = { ...config.debate, seats, rounds, difficulty: 'standard' };
  return { ...config, debate, datasets, iterations: 2, trainQuestions: 4, evalQuestions: 2, nllQuestions: 2, ...rest };
}

export function startOf(config: LoopConfig = loopConfigOf()): LoopStart {
  const evaluate = evalQuestions(config);
  return {
    type: 'loop-started',
    schema: 1,
    loop: 'loop',
    at: stamp,
    title: 'Test',
    app: 'test',
    config,
    engine: { base: config.debate.base, modelHash: '', dtype: 'fp32', device: 'cpu', runtime: 'script', parameters: 0 },
    endpoint: { kind: 'process', origin: '' },
    train: trainQuestions(config, evaluate, 1),
    evaluate,
  };
}

/** One sitting on what the disk holds. */
export const sit = (world: World, config: LoopConfig, options: Partial<LoopOptions> = {}): Promise<LoopState> =>
  runLoop({
    start: startOf(config),
    state: foldLoopAll(world.disk.events),
    ports: portsOf(world),
    signal: new AbortController().signal,
    ...options,
  });

/** What a loop says without when it said it: jobs run side by side, so their events are compared in the order of agents. */
export function essence(events: readonly LoopEvent[]): unknown[] {
  const timeless = events
    .filter(({ type }) => type !== 'note')
    .map(event => ({ ...event, ...('ms' in event ? { ms: 0 } : {}) }) as LoopEvent & { agent?: AgentName; iteration?: number });
  const jobs = (event: LoopEvent): boolean => event.type === 'job-created' || event.type === 'job-ended';
  const rank = (event: LoopEvent & { agent?: AgentName }): string => `${event.agent} ${event.type}`;
  const out: LoopEvent[] = [];
  for (let i = 0; i < timeless.length;) {
    const from = i;
    while (i < timeless.length && jobs(timeless[i]!)) i++;
    out.push(...timeless.slice(from, i).sort((x, y) => (rank(x) < rank(y) ? -1 : 1)));
    if (i === from) out.push(timeless[i++]!);
  }
  return out;
}
