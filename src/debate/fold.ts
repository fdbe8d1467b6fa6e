// The one fold of a run. Live view, replay, resume, shared views and metrics all read the state this makes; nothing else interprets events.
import type { Question } from '../tasks/question';
import type { EngineInfo, LiveEvent, RunEvent, Turn, TurnId, Vote } from './events';
import type { Role } from './generate';

/** A turn that is being spoken: only screens have these. */
export interface PartialTurn {
  id: TurnId;
  qid: string;
  round: number;
  agent: number;
  role: Role;
  text: string;
  newTokens: number;
}

export type FailedTurn = Extract<RunEvent, { type: 'turn-failed' }>;
export type RunStart = Extract<RunEvent, { type: 'run-started' }>;
export type RunNote = Extract<RunEvent, { type: 'note' }>;

export interface QuestionState {
  question: Question;
  /** Finished turns by id, in the order they were appended. */
  turns: ReadonlyMap<TurnId, Turn>;
  failed: ReadonlyMap<TurnId, FailedTurn>;
  partial: ReadonlyMap<TurnId, PartialTurn>;
  /** The decision of the last round; null until the question is done. */
  vote: Vote | null;
}

export interface Ledger {
  calls: number;
  promptTokens: number;
  newTokens: number;
  failed: number;
}

export interface RunState {
  start: RunStart | null;
  /** The engine in use now; differs from `start.engine` after a fall-back. */
  engine: EngineInfo | null;
  questions: ReadonlyMap<string, QuestionState>;
  ledger: Ledger;
  notes: readonly RunNote[];
  finished: string | null;
}

export const emptyRun: RunState = {
  start: null,
  engine: null,
  questions: new Map(),
  ledger: { calls: 0, promptTokens: 0, newTokens: 0, failed: 0 },
  notes: [],
  finished: null,
};

export const turnId = (qid: string, round: number, agent: number, role: Role): TurnId => `${qid}/${round}.${agent}.${role}`;

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map(map).set(key, value);

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

function withQuestion(state: RunState, qid: string, change: (q: QuestionState) => QuestionState): RunState {
  const question = state.questions.get(qid);
  if (!question) throw new RangeError(`event names question ${qid}, which the run does not hold`);
  return { ...state, questions: put(state.questions, qid, change(question)) };
}

/** @throws RangeError when an event names a question that the run does not hold, or a second run starts. */
export function fold(state: RunState, event: LiveEvent): RunState {
  switch (event.type) {
    case 'run-started': {
      if (state.start) throw new RangeError('a run starts once');
      const blank = { turns: new Map(), failed: new Map(), partial: new Map(), vote: null };
      return {
        ...state,
        start: event,
        engine: event.engine,
        questions: new Map(event.questions.map(question => [question.qid, { question, ...blank }])),
      };
    }
    case 'turn-started':
      return withQuestion(state, event.qid, q => ({ ...q, partial: put(q.partial, event.id, { ...event, text: '', newTokens: 0 }) }));
    case 'turn-text': {
      const qid = event.id.slice(0, event.id.lastIndexOf('/'));
      return withQuestion(state, qid, q => {
        const partial = q.partial.get(event.id);
        return partial ? { ...q, partial: put(q.partial, event.id, { ...partial, text: event.text, newTokens: event.newTokens }) } : q;
      });
    }
    case 'turn': {
      const { turn } = event;
      // A journal that was cut between a write and its acknowledgement may hold a turn twice; the first one stands.
      if (state.questions.get(turn.qid)?.turns.has(turn.id)) return state;
      const { ledger } = state;
      return {
        ...withQuestion(state, turn.qid, q => ({ ...q, turns: put(q.turns, turn.id, turn), partial: without(q.partial, turn.id) })),
        ledger: {
          ...ledger,
          calls: ledger.calls + 1,
          promptTokens: ledger.promptTokens + turn.usage.promptTokens,
          newTokens: ledger.newTokens + turn.usage.newTokens,
        },
      };
    }
    case 'turn-failed': {
      if (state.questions.get(event.qid)?.failed.has(event.id)) return state;
      return {
        ...withQuestion(state, event.qid, q => ({ ...q, failed: put(q.failed, event.id, event), partial: without(q.partial, event.id) })),
        ledger: { ...state.ledger, calls: state.ledger.calls + 1, failed: state.ledger.failed + 1 },
      };
    }
    case 'decided':
      return withQuestion(state, event.vote.qid, q => ({ ...q, vote: q.vote ?? event.vote }));
    case 'note':
      return { ...state, notes: [...state.notes, event], engine: event.engine ?? state.engine };
    case 'run-finished':
      return { ...state, finished: event.at };
    default:
      return exhaustive(event);
  }
}

function exhaustive(event: never): never {
  throw new RangeError(`unknown event ${JSON.stringify(event)}`);
}

export const foldAll = (events: Iterable<LiveEvent>): RunState => {
  let state = emptyRun;
  for (const event of events) state = fold(state, event);
  return state;
};
