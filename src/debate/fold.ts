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
  /** Turns that another engine spoke than the one the run began with: it fell back, or the run went on elsewhere. */
  spokenBy: ReadonlyMap<TurnId, EngineInfo>;
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
  spokenBy: new Map(),
  questions: new Map(),
  ledger: { calls: 0, promptTokens: 0, newTokens: 0, failed: 0 },
  notes: [],
  finished: null,
};

export const turnId = (qid: string, round: number, agent: number, role: Role): TurnId => `${qid}/${round}.${agent}.${role}`;

/**
 * What this fold made itself and has not handed out yet: it alone may be changed in place. A run of thousands of questions is then folded in
 * one pass, and whoever holds an earlier state never sees it move.
 */
class Fresh {
  readonly #made = new Set<object>();

  map<K, V>(map: ReadonlyMap<K, V>): Map<K, V> {
    return this.#once(map as Map<K, V>, () => new Map(map));
  }

  list<T>(list: readonly T[]): T[] {
    return this.#once(list as T[], () => [...list]);
  }

  object<T extends object>(object: T): T {
    return this.#once(object, () => ({ ...object }));
  }

  #once<T extends object>(known: T, copy: () => T): T {
    if (this.#made.has(known)) return known;
    const made = copy();
    this.#made.add(made);
    return made;
  }
}

/** The state after one more event; the very state when the event says nothing new. @throws RangeError */
function step(before: RunState, event: LiveEvent, fresh: Fresh): RunState {
  const change = (qid: string): { state: RunState; question: QuestionState } => {
    const known = before.questions.get(qid);
    if (!known) throw new RangeError(`event names question ${qid}, which the run does not hold`);
    const state = fresh.object(before);
    const questions = fresh.map(state.questions);
    const question = fresh.object(known);
    state.questions = questions.set(qid, question);
    return { state, question };
  };
  const spoken = (question: QuestionState, id: TurnId): void => {
    if (question.partial.has(id)) (question.partial = fresh.map(question.partial)).delete(id);
  };
  const spokenBy = (state: RunState, id: TurnId): void => {
    if (state.engine && state.engine !== state.start?.engine) state.spokenBy = fresh.map(state.spokenBy).set(id, state.engine);
  };
  switch (event.type) {
    case 'run-started': {
      if (before.start) throw new RangeError('a run starts once');
      const state = fresh.object(before);
      state.start = event;
      state.engine = event.engine;
      state.questions = new Map(
        event.questions.map(question => [question.qid, { question, turns: new Map(), failed: new Map(), partial: new Map(), vote: null }]),
      );
      return state;
    }
    case 'turn-started': {
      const { state, question } = change(event.qid);
      const { id, qid, round, agent, role } = event;
      question.partial = fresh.map(question.partial).set(id, { id, qid, round, agent, role, text: '', newTokens: 0 });
      return state;
    }
    case 'turn-text': {
      const qid = event.id.slice(0, event.id.lastIndexOf('/'));
      const known = before.questions.get(qid);
      const partial = known?.partial.get(event.id);
      if (known && !partial) return before;
      const { state, question } = change(qid);
      question.partial = fresh.map(question.partial).set(event.id, { ...partial!, text: event.text, newTokens: event.newTokens });
      return state;
    }
    case 'turn': {
      const { turn } = event;
      // A journal that was cut between a write and its acknowledgement may hold a turn twice; the first one stands.
      if (before.questions.get(turn.qid)?.turns.has(turn.id)) return before;
      const { state, question } = change(turn.qid);
      question.turns = fresh.map(question.turns).set(turn.id, turn);
      spoken(question, turn.id);
      spokenBy(state, turn.id);
      const ledger = (state.ledger = fresh.object(state.ledger));
      ledger.calls++;
      ledger.promptTokens += turn.usage.promptTokens;
      ledger.newTokens += turn.usage.newTokens;
      return state;
    }
    case 'turn-failed': {
      if (before.questions.get(event.qid)?.failed.has(event.id)) return before;
      const { state, question } = change(event.qid);
      question.failed = fresh.map(question.failed).set(event.id, event);
      spoken(question, event.id);
      spokenBy(state, event.id);
      const ledger = (state.ledger = fresh.object(state.ledger));
      ledger.calls++;
      ledger.failed++;
      return state;
    }
    case 'decided': {
      if (before.questions.get(event.vote.qid)?.vote) return before;
      const { state, question } = change(event.vote.qid);
      question.vote = event.vote;
      return state;
    }
    case 'note': {
      const state = fresh.object(before);
      const notes = fresh.list(state.notes);
      notes.push(event);
      state.notes = notes;
      state.engine = event.engine ?? state.engine;
      return state;
    }
    case 'run-finished': {
      const state = fresh.object(before);
      state.finished = event.at;
      return state;
    }
    default:
      return exhaustive(event);
  }
}

function exhaustive(event: never): never {
  throw new RangeError(`unknown event ${JSON.stringify(event)}`);
}

/**
 * What is known after these events, in time proportional to their number.
 * @param from what was known before them; it stays as it is, and what they do not touch is shared with it
 * @throws RangeError when an event names a question that the run does not hold, or a second run starts.
 */
export function foldAll(events: Iterable<LiveEvent>, from: RunState = emptyRun): RunState {
  const fresh = new Fresh();
  let state = from;
  for (const event of events) state = step(state, event, fresh);
  return state;
}

/** As `foldAll`, for one event. @throws RangeError */
export const fold = (state: RunState, event: LiveEvent): RunState => foldAll([event], state);

/** What spoke a turn, or speaks it now. */
export function engineOf({ start, engine, spokenBy, questions }: RunState, id: TurnId): EngineInfo | null {
  const other = spokenBy.get(id);
  if (other) return other;
  const question = questions.get(id.slice(0, id.lastIndexOf('/')));
  return question?.partial.has(id) ? engine : (start?.engine ?? null);
}
