// Who changed between rounds, and for better or worse.
import type { QuestionState } from '../../debate/fold';
import { saidInRound } from './cells';
import { verdict } from './words';

export interface Changes {
  rightToWrong: number;
  wrongToRight: number;
  /** Changed from one wrong answer (or none) to another; with unknown truth every change. */
  otherwise: number;
  held: number;
}

/** Counts every step from a round to the next for which both answers are there. */
export function countChanges(state: QuestionState, agents: number, rounds: number): Changes {
  const sum: Changes = { rightToWrong: 0, wrongToRight: 0, otherwise: 0, held: 0 };
  const { truth } = state.question;
  for (let round = 2; round <= rounds; round++) {
    const before = saidInRound(state, round - 1, agents);
    saidInRound(state, round, agents).forEach((now, agent) => {
      const then = before[agent]!;
      if (now.kind === 'waiting' || then.kind === 'waiting') return;
      const [a, b] = [then.kind === 'key' ? then.key : null, now.kind === 'key' ? now.key : null];
      if (a === b) sum.held++;
      else if (verdict(a, truth) === 'right') sum.rightToWrong++;
      else if (verdict(b, truth) === 'right') sum.wrongToRight++;
      else sum.otherwise++;
    });
  }
  return sum;
}
