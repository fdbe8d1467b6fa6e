// What a list of loops shows of each, kept in step with its journal.
import type { LoopEvent } from '../experiment/records';
import { recordSchema } from './records';

export type LoopStart = Extract<LoopEvent, { type: 'loop-started' }>;

export interface LoopHeader {
  schema: typeof recordSchema;
  loop: string;
  title: string;
  /** ISO 8601, from `loop-started`. */
  at: string;
  app: string;
  preset: string;
  model: { kind: string; id: string; hash: string; device: string; dtype: string };
  agents: number;
  rounds: number;
  /** Of generators and critics. */
  methods: ('lora' | 'full')[];
  /** Asked for at the start; iterations measured so far, iteration 0 among them. */
  iterations: number;
  measured: number;
  /** Trainings that succeeded. */
  jobs: number;
  endpoint: { kind: string; origin: string };
  seed: number;
  /** Ids of its debates that are whole, in order. */
  runs: string[];
  finished: string | null;
  events: number;
  source: 'here' | 'imported';
}

export function loopHeaderOf(start: LoopStart, source: LoopHeader['source'] = 'here'): LoopHeader {
  const { config, engine, endpoint } = start;
  return {
    schema: recordSchema,
    loop: start.loop,
    title: start.title,
    at: start.at,
    app: start.app,
    preset: config.preset,
    model: { kind: engine.base.kind, id: engine.base.id, hash: engine.modelHash, device: engine.device, dtype: engine.dtype },
    agents: config.debate.seats.length,
    rounds: config.debate.rounds,
    methods: [config.training.generator.method, config.training.critic.method],
    iterations: config.iterations,
    measured: 0,
    jobs: 0,
    endpoint: { kind: endpoint.kind, origin: endpoint.origin },
    seed: config.seed,
    runs: [],
    finished: null,
    events: 1,
    source,
  };
}

/** The header after one more event. */
export function advanceLoop(header: LoopHeader, event: LoopEvent): LoopHeader {
  const next = { ...header, events: header.events + 1 };
  switch (event.type) {
    case 'debated':
      return { ...next, runs: [...header.runs, event.run], finished: null };
    case 'job-ended':
      return { ...next, jobs: header.jobs + (event.outcome === 'succeeded' ? 1 : 0) };
    case 'measured':
      return { ...next, measured: header.measured + 1 };
    case 'loop-finished':
      return { ...next, finished: event.at };
    default:
      return next;
  }
}

/** What may stand once in a loop's journal. Sets may be collected again after they were edited, jobs repeated, and a finished loop continued. */
export function loopOnceKey(event: LoopEvent): string | undefined {
  switch (event.type) {
    case 'loop-started':
      return event.type;
    case 'debated':
      return `debated ${event.iteration} ${event.purpose}`;
    case 'adopted':
      return `adopted ${event.iteration} ${event.agent}`;
    case 'measured':
      return `measured ${event.iteration}`;
    default:
      return undefined;
  }
}
