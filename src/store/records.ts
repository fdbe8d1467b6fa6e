// What a list of runs shows of each, kept in step with its journal; the events themselves are read when the run is opened.
import type { RunEvent } from '../debate/events';
import type { RunStart } from '../debate/fold';

/** Shape of the records written today; see `migrate.ts` for older ones. */
export const recordSchema = 1;

/** Everything a list of runs shows, kept in step with the journal within the same transaction. */
export interface RunHeader {
  schema: typeof recordSchema;
  run: string;
  title: string;
  /** ISO 8601, from `run-started`. */
  at: string;
  app: string;
  model: { kind: string; id: string; hash: string; device: string; dtype: string };
  task: string;
  difficulty: string;
  agents: number;
  rounds: number;
  share: string;
  seed: number;
  /** Questions asked for, and decided so far. */
  questions: number;
  done: number;
  turns: number;
  failed: number;
  newTokens: number;
  finished: string | null;
  /** Length of the journal, which is the `seq` of the next event. */
  events: number;
  source: 'here' | 'imported';
  /** The loop it is a debate of; left out for a run of its own. */
  loop?: string;
}

export function headerOf(start: RunStart, source: RunHeader['source'] = 'here', loop?: string): RunHeader {
  const { config, engine } = start;
  return {
    schema: recordSchema,
    run: start.run,
    title: start.title,
    at: start.at,
    app: start.app,
    model: { kind: engine.base.kind, id: engine.base.id, hash: engine.modelHash, device: engine.device, dtype: engine.dtype },
    task: config.task,
    difficulty: config.difficulty,
    agents: config.seats.length,
    rounds: config.rounds,
    share: config.share,
    seed: config.seed,
    questions: start.questions.length,
    done: 0,
    turns: 0,
    failed: 0,
    newTokens: 0,
    finished: null,
    events: 1,
    source,
    ...(loop === undefined ? {} : { loop }),
  };
}

/** The header after one more event. */
export function advance(header: RunHeader, event: RunEvent): RunHeader {
  const next = { ...header, events: header.events + 1 };
  switch (event.type) {
    case 'turn':
      return { ...next, turns: header.turns + 1, newTokens: header.newTokens + event.turn.usage.newTokens };
    case 'turn-failed':
      return { ...next, failed: header.failed + 1 };
    case 'decided':
      return { ...next, done: header.done + 1 };
    case 'run-finished':
      return { ...next, finished: event.at };
    case 'note':
      return event.engine ? { ...next, model: { ...header.model, device: event.engine.device, dtype: event.engine.dtype } } : next;
    default:
      return next;
  }
}

/** What may stand once in a journal; undefined = as often as it happens. */
export function onceKey(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'turn':
      return `turn ${event.turn.id}`;
    case 'turn-failed':
      return `failed ${event.id}`;
    case 'decided':
      return `decided ${event.vote.qid} ${event.vote.round}`;
    case 'run-started':
    case 'run-finished':
      return event.type;
    default:
      return undefined;
  }
}
