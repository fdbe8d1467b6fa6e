// A recorded question laid out in time: when each turn is prepared, spoken and read. Pure; the clock is in `player.svelte.ts`.
import type { RunConfig } from '../../debate/config';
import type { Turn, TurnId } from '../../debate/events';
import type { FailedTurn, PartialTurn, QuestionState } from '../../debate/fold';
import type { Role } from '../../debate/generate';
import { allTurns, needs } from '../../debate/schedule';
import { turnId } from '../../debate/fold';

/** Milliseconds at normal speed: fast enough to stay curious, slow enough to read along. */
export const pace = { prompt: 450, token: 42, longestTurn: 9000, answer: 600, vote: 900 };

export interface Spoken {
  id: TurnId;
  round: number;
  agent: number;
  role: Role;
  turn: Turn | null;
  failed: FailedTurn | null;
  /** Prompt built. */
  from: number;
  /** First token. */
  first: number;
  /** Last token: the answer is read off now. */
  to: number;
}

/** A moment worth stopping at: an answer has just been given, or the vote. */
export interface Stop {
  at: number;
  round: number;
  /** null = the decision. */
  agent: number | null;
}

export interface Reel {
  spoken: Spoken[];
  stops: Stop[];
  /** When the decision shows; Infinity when the recording has none. */
  decided: number;
  duration: number;
}

/** Tokens of a turn; a shared link may have left out where each one ends. */
const tokensOf = (turn: Turn): number => turn.ends.length || turn.usage.newTokens;

/** Turns follow each other as they did in the run: each begins when what it reads has been said. */
export function buildReel(whole: QuestionState, config: RunConfig): Reel {
  const { qid } = whole.question;
  const ends = new Map<TurnId, number>();
  const spoken: Spoken[] = [];
  // One pace for the whole recording: its longest turn still fits.
  const longest = Math.max(1, ...[...whole.turns.values()].map(tokensOf));
  const perToken = Math.min(pace.token, pace.longestTurn / longest);
  let roundStart = 0;
  let round = 1;
  for (const speaker of allTurns(config)) {
    const id = turnId(qid, speaker.round, speaker.agent, speaker.role);
    const turn = whole.turns.get(id) ?? null;
    const failed = turn ? null : (whole.failed.get(id) ?? null);
    if (!turn && !failed) continue;
    if (speaker.round > round) {
      // Synchronous rounds: nobody goes on while somebody still speaks.
      if (config.order === 'sync') roundStart = Math.max(0, ...ends.values()) + pace.answer;
      round = speaker.round;
    }
    const heard = needs(config, qid, speaker).map(need => ends.get(turnId(qid, need.round, need.agent, need.role)) ?? 0);
    const from = Math.max(roundStart, ...heard.map(end => end + (speaker.role === 'summariser' ? pace.answer : pace.prompt)), 0);
    const first = from + pace.prompt;
    const to = first + (turn ? Math.max(1, tokensOf(turn)) * perToken : pace.prompt);
    ends.set(id, to);
    spoken.push({ id, round: speaker.round, agent: speaker.agent, role: speaker.role, turn, failed, from, first, to });
  }
  const last = Math.max(0, ...ends.values());
  const decided = whole.vote ? last + pace.vote : Infinity;
  const answers = spoken.filter(({ role }) => role !== 'summariser').sort((a, b) => a.to - b.to);
  const stops: Stop[] = answers.map(({ to, round: r, agent }) => ({ at: to, round: r, agent }));
  if (whole.vote) stops.push({ at: decided, round: whole.vote.round, agent: null });
  return { spoken, stops, decided, duration: whole.vote ? decided : last };
}

/** Tokens of a turn that are there at time `t`. */
function tokensAt(entry: Spoken, t: number): number {
  const count = entry.turn ? tokensOf(entry.turn) : 0;
  return t <= entry.first ? 0 : Math.min(count, Math.floor((count * (t - entry.first)) / (entry.to - entry.first)));
}

/** The question as the fold had it when the recording was at `t` milliseconds. Finished turns are the recorded objects themselves. */
export function frameAt(reel: Reel, whole: QuestionState, t: number): QuestionState {
  const turns = new Map<TurnId, Turn>();
  const failed = new Map<TurnId, FailedTurn>();
  const partial = new Map<TurnId, PartialTurn>();
  for (const entry of reel.spoken) {
    const { id, round, agent, role } = entry;
    if (t < entry.from) continue;
    if (t >= entry.to) {
      if (entry.turn) turns.set(id, entry.turn);
      else if (entry.failed) failed.set(id, entry.failed);
    } else {
      const newTokens = tokensAt(entry, t);
      // Where no ends are known the text appears whole, when its last token would have been said.
      const end = newTokens ? entry.turn?.ends[newTokens - 1] : undefined;
      const text = end === undefined ? '' : entry.turn!.text.slice(0, end);
      partial.set(id, { id, qid: whole.question.qid, round, agent, role, text, newTokens });
    }
  }
  return { question: whole.question, turns, failed, partial, vote: t >= reel.decided ? whole.vote : null };
}

export type Stage = 'ready' | 'prompt built' | 'writing' | 'answers read' | 'vote';

/** What is going on at `t`, in two words, for slow motion. */
export function stageAt(reel: Reel, t: number): Stage {
  if (t >= reel.decided) return 'vote';
  const now = reel.spoken.filter(entry => t >= entry.from && t < entry.to);
  if (now.some(entry => t >= entry.first)) return 'writing';
  if (now.length) return 'prompt built';
  return t <= 0 ? 'ready' : 'answers read';
}

export interface Position {
  round: number;
  rounds: number;
  /** Answers given, of all. */
  turn: number;
  turns: number;
  stage: Stage;
}

export function positionAt(reel: Reel, config: RunConfig, t: number): Position {
  const answers = reel.stops.filter(stop => stop.agent !== null);
  const round = reel.spoken.reduce((latest, entry) => (t >= entry.from ? Math.max(latest, entry.round) : latest), 1);
  return {
    round,
    rounds: config.rounds,
    turn: answers.filter(stop => t >= stop.at).length,
    turns: answers.length,
    stage: stageAt(reel, t),
  };
}

// Stops of one step can lie a rounding error apart.
const same = 0.5;

/** The next moment after `t` (or the last before it) at which an answer is given: any agent's, or one agent's only. */
export function turnStop(reel: Reel, t: number, direction: 1 | -1, only: number | null = null): number {
  const times = reel.stops.filter(stop => only === null || stop.agent === only || stop.agent === null).map(stop => stop.at);
  if (direction > 0) return times.find(at => at > t + same) ?? reel.duration;
  return times.findLast(at => at < t - same) ?? 0;
}

/** The end of the round that is under way, or the end of the round before. */
export function roundStop(reel: Reel, t: number, direction: 1 | -1): number {
  const ends = new Map<number, number>();
  for (const { round, at } of reel.stops) ends.set(round, Math.max(ends.get(round) ?? 0, at));
  const times = [...ends.values()].sort((a, b) => a - b);
  if (direction > 0) return times.find(at => at > t + same) ?? reel.duration;
  return times.findLast(at => at < t - same) ?? 0;
}
