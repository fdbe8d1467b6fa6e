// From stored turns to keys and votes of any round: the only place where "what did the agents answer" is read.
import type { Key } from '../tasks/question';
import type { RunConfig } from './config';
import type { Turn, Vote } from './events';
import { turnId, type QuestionState } from './fold';
import { answerRole } from './schedule';
import { vote } from './vote';

/** One agent's answer of a round; `turn` is null when the call failed or has not been made yet. */
export interface Answer {
  agent: number;
  round: number;
  turn: Turn | null;
  failed: boolean;
  /** null = unparsed, failed, or not there yet. */
  key: Key | null;
}

/** [agents], in seat order. */
export function answersOf(config: RunConfig, state: QuestionState, round: number): Answer[] {
  return config.seats.map((_, agent) => {
    const id = turnId(state.question.qid, round, agent, answerRole(round));
    const turn = state.turns.get(id) ?? null;
    return { agent, round, turn, failed: state.failed.has(id), key: turn?.answer?.key ?? null };
  });
}

/** Whether every agent's answer of the round is there or has failed. */
export const isRoundDone = (config: RunConfig, state: QuestionState, round: number): boolean =>
  answersOf(config, state, round).every(({ turn, failed }) => turn || failed);

/** The vote of a round, or null while an answer is missing. Unparsed and failed answers are no votes but are counted. */
export function voteOf(config: RunConfig, state: QuestionState, round: number): Vote | null {
  if (!isRoundDone(config, state, round)) return null;
  const keys = (m: number): (Key | null)[] => answersOf(config, state, m).map(({ key }) => key);
  const earlier = Array.from({ length: round - 1 }, (_, i) => keys(i + 1));
  return vote({ qid: state.question.qid, round }, keys(round), config, earlier);
}
