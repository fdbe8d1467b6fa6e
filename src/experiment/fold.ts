// The one fold of a loop. What was done, what is under way and what comes next are read from the state this makes.
import type { AgentName } from '../datasets/records';
import type { LiveLoopEvent, LoopEvent, Stage } from './records';

type EventOf<T extends LiveLoopEvent['type']> = Extract<LiveLoopEvent, { type: T }>;
export type LoopStart = EventOf<'loop-started'>;
export type Debated = EventOf<'debated'>;
export type Collected = EventOf<'collected'>;
export type JobEnded = EventOf<'job-ended'>;
export type Adopted = EventOf<'adopted'>;
export type Measured = EventOf<'measured'>;
export type LoopNote = EventOf<'note'>;
export type StageProgress = EventOf<'stage'>;
export type TrainingProgress = EventOf<'training'>;

/** An agent's training in one iteration, with every attempt at it. */
export interface JobState {
  /** Id at the endpoint of the latest attempt; null before there is one. */
  job: string | null;
  /** How the latest attempt ended; null while one goes on. A later attempt takes it back. */
  ended: JobEnded | null;
  /** Attempts that failed; a repeated order carries this number, so that the endpoint makes a new job of it. */
  failures: number;
}

export interface IterationState {
  iteration: number;
  /** The debate on training questions. */
  debated: Debated | null;
  collected: Collected | null;
  jobs: ReadonlyMap<AgentName, JobState>;
  /** Kept weights by agent; those with a failed probe are listed and do not speak. */
  adopted: ReadonlyMap<AgentName, Adopted>;
  /** The debate on held-out questions. */
  evaluated: Debated | null;
  measured: Measured | null;
}

export interface LoopState {
  start: LoopStart | null;
  /** Index = iteration. */
  iterations: readonly IterationState[];
  notes: readonly LoopNote[];
  /** ISO 8601; null while there is more to do. */
  finished: string | null;
  /** Only screens have these: the stage under way and the steps of its jobs. */
  live: { stage: StageProgress | null; training: ReadonlyMap<AgentName, TrainingProgress> };
}

export const emptyLoop: LoopState = { start: null, iterations: [], notes: [], finished: null, live: { stage: null, training: new Map() } };

const blank = (iteration: number): IterationState => ({
  iteration,
  debated: null,
  collected: null,
  jobs: new Map(),
  adopted: new Map(),
  evaluated: null,
  measured: null,
});

const noJob: JobState = { job: null, ended: null, failures: 0 };

/** Changes one iteration; the first event of an iteration opens it, and none can be skipped. */
function within(state: LoopState, iteration: number, change: (it: IterationState) => IterationState): LoopState {
  if (!state.start) throw new RangeError('a loop starts before anything happens in it');
  const { length } = state.iterations;
  if (iteration > length || iteration < 0) throw new RangeError(`iteration ${iteration} comes before iteration ${length}`);
  const iterations = iteration === length ? [...state.iterations, blank(iteration)] : [...state.iterations];
  iterations[iteration] = change(iterations[iteration]!);
  return { ...state, iterations, finished: null };
}

const put = <V>(map: ReadonlyMap<AgentName, V>, key: AgentName, value: V): ReadonlyMap<AgentName, V> => new Map(map).set(key, value);

function withJob(state: LoopState, { iteration, agent }: { iteration: number; agent: AgentName }, change: (job: JobState) => JobState) {
  return within(state, iteration, it => ({ ...it, jobs: put(it.jobs, agent, change(it.jobs.get(agent) ?? noJob)) }));
}

// A journal that was cut between a write and its acknowledgement may hold an event twice; the first one stands.
export function foldLoop(state: LoopState, event: LiveLoopEvent): LoopState {
  switch (event.type) {
    case 'loop-started':
      if (state.start) throw new RangeError('a loop starts once');
      return { ...state, start: event };
    case 'debated':
      return within(state, event.iteration, it =>
        event.purpose === 'train' ? { ...it, debated: it.debated ?? event } : { ...it, evaluated: it.evaluated ?? event },
      );
    case 'collected':
      // Sets may be edited by hand until the first job has been ordered with them.
      return within(state, event.iteration, it => (it.collected && it.jobs.size ? it : { ...it, collected: event }));
    case 'job-created':
      return withJob(state, event, job => (job.job === event.job ? job : { ...job, job: event.job, ended: null }));
    case 'job-ended':
      return withJob(state, event, job => {
        if (job.ended && (job.ended.outcome !== 'failed' || (job.ended.job === event.job && job.ended.at === event.at))) return job;
        return { job: event.job, ended: event, failures: job.failures + (event.outcome === 'failed' ? 1 : 0) };
      });
    case 'adopted':
      return within(state, event.iteration, it => ({ ...it, adopted: put(it.adopted, event.agent, it.adopted.get(event.agent) ?? event) }));
    case 'measured':
      return within(state, event.iteration, it => ({ ...it, measured: it.measured ?? event }));
    case 'note':
      return { ...state, notes: [...state.notes, event] };
    case 'loop-finished':
      return { ...state, finished: event.at, live: emptyLoop.live };
    case 'stage': {
      const { stage } = state.live;
      const same = stage?.stage === event.stage && stage.iteration === event.iteration;
      return { ...state, live: { stage: event, training: same ? state.live.training : new Map() } };
    }
    case 'training':
      return { ...state, live: { ...state.live, training: put(state.live.training, event.agent, event) } };
    default:
      return exhaustive(event);
  }
}

function exhaustive(event: never): never {
  throw new RangeError(`unknown event ${JSON.stringify(event)}`);
}

/** @throws RangeError when the events cannot have happened in this order */
export const foldLoopAll = (events: Iterable<LoopEvent>): LoopState => {
  let state = emptyLoop;
  for (const event of events) state = foldLoop(state, event);
  return state;
};

/** What to do with an agent whose training failed: halt and try again when resumed, or go on with its previous weights. */
export type OnFailure = 'stop' | 'keep';

const settled = (job: JobState | undefined, onFailure: OnFailure): boolean =>
  !!job?.ended && (job.ended.outcome !== 'failed' || onFailure === 'keep');

/** Agents of an iteration whose training has yet to end, in the order of their sets. */
export const openJobs = (it: IterationState, names: readonly AgentName[], onFailure: OnFailure): AgentName[] =>
  names.filter(name => !settled(it.jobs.get(name), onFailure));

/** Agents whose new weights are there and have not been adopted yet, in the order of their sets: jobs end in any order. */
export const unadopted = (it: IterationState, names: readonly AgentName[]): AgentName[] =>
  names.filter(name => it.jobs.get(name)?.ended?.outcome === 'succeeded' && !it.adopted.has(name));

export interface Position {
  iteration: number;
  stage: Stage;
}

/**
 * The first thing that is not done, or null when `iterations` are.
 * @param namesOf agents that the sets of an iteration are for
 */
export function nextOf(
  state: LoopState,
  iterations: number,
  namesOf: (it: IterationState) => AgentName[],
  onFailure: OnFailure = 'stop',
): Position | null {
  for (let iteration = 0; iteration <= iterations; iteration++) {
    const it = state.iterations[iteration];
    if (iteration > 0) {
      if (!it?.debated) return { iteration, stage: 'debate' };
      if (!it.collected) return { iteration, stage: 'collect' };
      if (openJobs(it, namesOf(it), onFailure).length) return { iteration, stage: 'finetune' };
      if (unadopted(it, namesOf(it)).length) return { iteration, stage: 'adopt' };
    }
    if (!it?.evaluated || !it.measured) return { iteration, stage: 'evaluate' };
  }
  return null;
}
