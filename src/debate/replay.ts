// A stored run laid out in time, to be watched again. One tick is one token, so a replay streams the tokens that the run streamed;
// how long a tick lasts is the player's affair (speed, slow motion). What is on screen is a pure function of the position.
import type { LiveEvent, RunEvent, Turn } from './events';
import { emptyRun, fold, foldAll, type FailedTurn, type PartialTurn, type RunState } from './fold';

/** A place one can jump to. `turn` marks stand where a turn has just ended. */
export interface Mark {
  kind: 'turn' | 'round' | 'question';
  /** Ticks. */
  at: number;
  qid: string;
  round: number;
  id: string | null;
}

/** One turn on the time line; a failed one takes no time. */
export interface Span {
  event: Extract<RunEvent, { type: 'turn' }> | FailedTurn;
  id: string;
  start: number;
  end: number;
}

export interface ReplayOptions {
  /** Only these questions; all when absent. */
  qids?: readonly string[];
  /** Ticks of rest after the turns of a round that ran together, and after a decision. */
  rest?: number;
}

export interface Replay {
  /** Ticks; at this position everything has happened. */
  duration: number;
  spans: readonly Span[];
  marks: readonly Mark[];
  /** Stored events, each with the position from which it has happened. */
  timeline: readonly { at: number; event: RunEvent }[];
}

const roleOrder = { generator: 0, summariser: 1, critic: 2 } as const;
const turnOf = (event: Span['event']): Pick<Turn, 'id' | 'qid' | 'round' | 'agent' | 'role'> =>
  event.type === 'turn' ? event.turn : event;

/** How many tokens a turn takes on screen: at least one, so that even an empty response is seen to happen. */
const ticks = (event: Span['event']): number => (event.type === 'turn' ? Math.max(1, event.turn.ends.length) : 0);

/** Groups of turns that stream together: all summaries of a round, then all its answers; one at a time where the round was sequential. */
function groups(turns: readonly Span['event'][], sequential: boolean): Span['event'][][] {
  const stage = (event: Span['event']): number => {
    const { round, agent, role } = turnOf(event);
    return sequential && round > 1 ? round * 1e6 + agent * 10 + roleOrder[role] : round * 1e6 + roleOrder[role];
  };
  const byStage = Map.groupBy(
    [...turns].sort((x, y) => turnOf(x).agent - turnOf(y).agent),
    stage,
  );
  return [...byStage].sort(([x], [y]) => x - y).map(([, together]) => together);
}

/**
 * Lays a run out question after question, whatever order its rows happened to finish in.
 * @param events a run's stored events, from `run-started` on
 */
export function createReplay(events: readonly RunEvent[], { qids, rest = 12 }: ReplayOptions = {}): Replay {
  const started = events.find(event => event.type === 'run-started');
  const spans: Span[] = [];
  const marks: Mark[] = [];
  const timeline: { at: number; event: RunEvent }[] = [];
  if (!started) return { duration: 0, spans, marks, timeline };
  timeline.push({ at: 0, event: started });
  // Notes belong to the sitting in which a run was made, not to its argument: they are there from the start.
  for (const event of events) if (event.type === 'note') timeline.push({ at: 0, event });

  const turns = new Map<string, Map<string, Span['event']>>();
  const decisions = new Map<string, RunEvent>();
  for (const event of events) {
    if (event.type === 'turn' || event.type === 'turn-failed') {
      const { qid, id } = turnOf(event);
      const known = turns.get(qid) ?? new Map<string, Span['event']>();
      if (!known.has(id)) turns.set(qid, known.set(id, event));
    } else if (event.type === 'decided' && !decisions.has(event.vote.qid)) decisions.set(event.vote.qid, event);
  }

  let at = 0;
  for (const { qid } of started.questions) {
    if (qids && !qids.includes(qid)) continue;
    const spoken = [...(turns.get(qid)?.values() ?? [])];
    const decided = decisions.get(qid);
    if (!spoken.length && !decided) continue;
    marks.push({ kind: 'question', at, qid, round: 1, id: null });
    let round = 0;
    for (const together of groups(spoken, started.config.order === 'sequential')) {
      const first = turnOf(together[0]!);
      if (first.round !== round) marks.push({ kind: 'round', at, qid, round: (round = first.round), id: null });
      const ended = together
        .map(event => ({ event, id: turnOf(event).id, start: at, end: at + ticks(event) }))
        .sort((x, y) => x.end - y.end);
      for (const span of ended) {
        spans.push(span);
        timeline.push({ at: span.end, event: span.event });
        marks.push({ kind: 'turn', at: span.end, qid, round, id: span.id });
      }
      at = Math.max(...ended.map(({ end }) => end)) + rest;
    }
    if (decided) {
      timeline.push({ at, event: decided });
      at += rest;
    }
  }
  const finished = events.findLast(event => event.type === 'run-finished');
  if (finished) timeline.push({ at, event: finished });
  return { duration: at, spans, marks, timeline };
}

const partialAt = ({ event, start }: Span, position: number): PartialTurn | null => {
  if (event.type !== 'turn') return null;
  const { id, qid, round, agent, role, ends, text } = event.turn;
  const newTokens = Math.min(ends.length, Math.floor(position - start));
  return { id, qid, round, agent, role, text: text.slice(0, newTokens ? ends[newTokens - 1] : 0), newTokens };
};

/** How many entries have happened at a position; the time line is in order. */
function happened(timeline: Replay['timeline'], position: number): number {
  let [low, high] = [0, timeline.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeline[middle]!.at <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withPartials(state: RunState, replay: Replay, position: number): RunState {
  const speaking = replay.spans.filter(({ start, end }) => start <= position && position < end);
  let shown = state;
  for (const span of speaking) {
    const partial = partialAt(span, position);
    if (!partial) continue;
    shown = fold(shown, { ...partial, type: 'turn-started' });
    shown = fold(shown, { type: 'turn-text', id: partial.id, text: partial.text, newTokens: partial.newTokens });
  }
  return shown;
}

/** The run as it stood at a position in ticks; fractions and positions outside the run are fine. */
export function frameAt(replay: Replay, position: number): RunState {
  const count = happened(replay.timeline, Math.max(0, position));
  return withPartials(foldAll(replay.timeline.slice(0, count).map(({ event }) => event)), replay, position);
}

/** `frameAt` for playing: equal in every answer, but folds on from the last frame instead of from the beginning. */
export function createPlayer(replay: Replay): (position: number) => RunState {
  let count = 0;
  let state = emptyRun;
  return position => {
    const target = happened(replay.timeline, Math.max(0, position));
    if (target < count) [count, state] = [0, emptyRun];
    while (count < target) state = fold(state, replay.timeline[count++]!.event);
    return withPartials(state, replay, position);
  };
}

/** The next or previous mark of a kind, seen from a position; null at either end. */
export function markFrom(replay: Replay, position: number, step: 1 | -1, kind: Mark['kind']): Mark | null {
  const marks = replay.marks.filter(mark => mark.kind === kind);
  return (step > 0 ? marks.find(({ at }) => at > position) : marks.findLast(({ at }) => at < position)) ?? null;
}

/** What a live run would have told a screen in (from, to]: for announcements, and for tests that replay equals live. */
export function eventsBetween(replay: Replay, from: number, to: number): LiveEvent[] {
  const begun = replay.spans
    .filter(({ event, start }) => event.type === 'turn' && from < start && start <= to)
    .map(({ event, start }): { at: number; order: number; event: LiveEvent } => {
      const { id, qid, round, agent, role } = turnOf(event);
      return { at: start, order: 1, event: { type: 'turn-started', id, qid, round, agent, role } };
    });
  const stored = replay.timeline.filter(({ at }) => from < at && at <= to).map(entry => ({ ...entry, order: 0 }));
  return [...stored, ...begun].sort((x, y) => x.at - y.at || x.order - y.order).map(({ event }) => event);
}
