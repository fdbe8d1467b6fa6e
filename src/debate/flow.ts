// Who changed their mind, to what, after reading whom.
import type { Key } from '../tasks/question';
import type { RunConfig } from './config';
import { answersOf, type Answer } from './decide';
import type { TurnId } from './events';
import type { QuestionState, RunState } from './fold';

export type Standing = 'right' | 'wrong' | 'unparsed' | 'unknown';

/** `unknown` = the right answer is not known; `unparsed` covers failed calls. */
export const standingOf = (key: Key | null, truth: Key | null): Standing =>
  key === null ? 'unparsed' : truth === null ? 'unknown' : key === truth ? 'right' : 'wrong';

/**
 * `corrected` wrong or unparsed → right · `lost` right → wrong or unparsed · `held-right`, `held-wrong` same answer as before
 * · `moved` between wrong answers, or anything else that changed where the truth is not known · `held` unchanged, truth not known.
 */
export type MoveKind = 'corrected' | 'lost' | 'held-right' | 'held-wrong' | 'moved' | 'held';

export interface Move {
  qid: string;
  agent: number;
  /** The round of the new answer, ≥ 2. */
  round: number;
  from: Key | null;
  to: Key | null;
  kind: MoveKind;
  /** Turns the critic read of others: peers quoted to it, or to the summariser that wrote for it. */
  read: TurnId[];
}

export function moveKind(from: Key | null, to: Key | null, truth: Key | null): MoveKind {
  const [before, after] = [standingOf(from, truth), standingOf(to, truth)];
  if (from === to) return after === 'right' ? 'held-right' : after === 'wrong' ? 'held-wrong' : 'held';
  if (after === 'right') return 'corrected';
  return before === 'right' ? 'lost' : 'moved';
}

function readBy(state: QuestionState, { turn }: Answer): TurnId[] {
  if (!turn) return [];
  const { peers, summary } = turn.prompt;
  return summary === null ? peers : (state.turns.get(summary)?.prompt.peers ?? []);
}

/** Every agent's step from each round to the next, as far as the rounds are complete for that agent. */
export function movesOf(config: RunConfig, state: QuestionState): Move[] {
  const { qid, truth } = state.question;
  const moves: Move[] = [];
  for (let round = 2; round <= config.rounds; round++) {
    const before = answersOf(config, state, round - 1);
    for (const after of answersOf(config, state, round)) {
      const earlier = before[after.agent]!;
      if (!(after.turn || after.failed) || !(earlier.turn || earlier.failed)) continue;
      moves.push({
        qid,
        agent: after.agent,
        round,
        from: earlier.key,
        to: after.key,
        kind: moveKind(earlier.key, after.key, truth),
        read: readBy(state, after),
      });
    }
  }
  return moves;
}

/** Moves by kind over a whole run, optionally those into one round. */
export function flipTable(state: RunState, round?: number): Record<MoveKind, number> {
  const table: Record<MoveKind, number> = { corrected: 0, lost: 0, 'held-right': 0, 'held-wrong': 0, moved: 0, held: 0 };
  if (!state.start) return table;
  for (const question of state.questions.values())
    for (const move of movesOf(state.start.config, question)) if (round === undefined || move.round === round) table[move.kind]++;
  return table;
}
