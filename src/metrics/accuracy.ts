// How often the society, and its single agents, are right. Unparsed and failed answers are wrong and stay in the denominator.
import { answersOf, isRoundDone, voteOf } from '../debate/decide';
import type { QuestionState, RunState } from '../debate/fold';
import type { Key } from '../tasks/question';
import { wilson, type Share } from './interval';

export interface Accuracy extends Share {
  /** Of the n, those without any answer: nothing parsed, or an abstention after a tie. */
  unanswered: number;
}

/** Questions whose truth is known and whose round is complete: what accuracy of that round is about. */
export const graded = (state: RunState, round: number): QuestionState[] =>
  state.start ? [...state.questions.values()].filter(q => q.question.truth !== null && isRoundDone(state.start!.config, q, round)) : [];

/** What the society answers at the end of a finished round; null = nothing. */
const winnerOf = ({ start }: RunState, question: QuestionState, round: number): Key | null =>
  ((round === start!.config.rounds && question.vote) || voteOf(start!.config, question, round)!).winner;

/** Whether the vote of a finished round is right; a graded question is expected. */
export function votedRight(state: RunState, question: QuestionState, round: number): boolean {
  const winner = winnerOf(state, question, round);
  return winner !== null && winner === question.question.truth;
}

/** Share of questions whose voted answer of a round (the last one by default) is right. */
export function voteAccuracy(state: RunState, round = state.start?.config.rounds ?? 1): Accuracy {
  const questions = graded(state, round);
  const right = questions.filter(question => votedRight(state, question, round)).length;
  return {
    ...wilson(right, questions.length),
    unanswered: questions.filter(question => winnerOf(state, question, round) === null).length,
  };
}

/** Share of single answers of a round that are right, over all agents or one: what one model achieves without a vote. */
export function answerAccuracy(state: RunState, round: number, agent?: number): Accuracy {
  let [right, n, unanswered] = [0, 0, 0];
  for (const question of graded(state, round))
    for (const answer of answersOf(state.start!.config, question, round)) {
      if (agent !== undefined && answer.agent !== agent) continue;
      n++;
      if (answer.key === null) unanswered++;
      else if (answer.key === question.question.truth) right++;
    }
  return { ...wilson(right, n), unanswered };
}

export interface RoundAccuracy {
  round: number;
  /** The vote of the round, as if the debate had ended there. */
  vote: Accuracy;
  answers: Accuracy;
}

export const accuracyByRound = (state: RunState): RoundAccuracy[] =>
  Array.from({ length: state.start?.config.rounds ?? 0 }, (_, i) => ({
    round: i + 1,
    vote: voteAccuracy(state, i + 1),
    answers: answerAccuracy(state, i + 1),
  }));
