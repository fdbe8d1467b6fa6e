// The theatre's grid read out of a question's state: who stands where, and how far they are.
import type { Turn } from '../../debate/events';
import { turnId, type FailedTurn, type PartialTurn, type QuestionState } from '../../debate/fold';
import type { Role } from '../../debate/generate';
import { answerRole } from '../../debate/schedule';

/** One place of the grid. At most one of `turn`, `partial` and `failed` is set; none of them = not spoken yet. */
export interface Cell {
  id: string;
  round: number;
  agent: number;
  role: Role;
  turn: Turn | null;
  partial: PartialTurn | null;
  failed: FailedTurn | null;
}

export function cellAt(state: QuestionState, round: number, agent: number, role: Role): Cell {
  const id = turnId(state.question.qid, round, agent, role);
  const turn = state.turns.get(id) ?? null;
  return {
    id,
    round,
    agent,
    role,
    turn,
    partial: turn ? null : (state.partial.get(id) ?? null),
    failed: turn ? null : (state.failed.get(id) ?? null),
  };
}

export const answerCell = (state: QuestionState, round: number, agent: number): Cell => cellAt(state, round, agent, answerRole(round));

/** What an answering place has come to: a key, no answer (unparsed or failed), or nothing yet. */
export type Said = { kind: 'key'; key: string } | { kind: 'none'; failed: boolean } | { kind: 'waiting' };

export function said(cell: Pick<Cell, 'turn' | 'failed'>): Said {
  if (cell.turn) return cell.turn.answer ? { kind: 'key', key: cell.turn.answer.key } : { kind: 'none', failed: false };
  return cell.failed ? { kind: 'none', failed: true } : { kind: 'waiting' };
}

/** An agent's answer a round earlier; null = none was found in what it said, undefined = there is nothing to compare with. */
export function answerBefore(state: QuestionState, round: number, agent: number): string | null | undefined {
  if (round === 1) return undefined;
  const answer = said(answerCell(state, round - 1, agent));
  return answer.kind === 'waiting' ? undefined : answer.kind === 'key' ? answer.key : null;
}

/** Answers of a round by agent. */
export const saidInRound = (state: QuestionState, round: number, agents: number): Said[] =>
  Array.from({ length: agents }, (_, agent) => said(answerCell(state, round, agent)));

/** Last round in which anybody has begun or finished speaking; 0 before the first word. */
export function roundReached(state: QuestionState): number {
  let round = 0;
  for (const place of [state.turns, state.partial, state.failed]) for (const { round: r } of place.values()) round = Math.max(round, r);
  return round;
}
