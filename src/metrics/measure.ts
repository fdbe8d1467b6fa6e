// Everything measured about one evaluation, from its run alone.
import type { RunState } from '../debate/fold';
import { answerAccuracy, voteAccuracy, type Accuracy } from './accuracy';
import { distance } from './distance';
import { consensus, uniqueAnswers, uniqueStrategies, type Mean } from './diversity';
import type { HeldOutNll } from './nll';

export interface Measures {
  questions: number;
  /** Single answers of round 1 over all agents; the vote over round 1; single answers of the last round; the vote over the last round. */
  generator: Accuracy;
  majority: Accuracy;
  critic: Accuracy;
  debate: Accuracy;
  /** Of round 1 and of the last round. */
  consensus: [Mean, Mean];
  uniqueAnswers: [Mean, Mean];
  uniqueStrategies: [Mean, Mean];
  /** Between two answers of round 1 to the same question. */
  distance: Mean;
  /** Needs the models: null until a caller has asked them (`nll.ts`). */
  nll: HeldOutNll | null;
  calls: number;
  newTokens: number;
}

/** Of the questions that are decided; a question in progress counts in those figures whose round it has finished. */
export function measures(state: RunState): Measures {
  const last = state.start?.config.rounds ?? 1;
  const firstAndLast = (of: (state: RunState, round: number) => Mean): [Mean, Mean] => [of(state, 1), of(state, last)];
  return {
    questions: [...state.questions.values()].filter(({ vote }) => vote).length,
    generator: answerAccuracy(state, 1),
    majority: voteAccuracy(state, 1),
    critic: answerAccuracy(state, last),
    debate: voteAccuracy(state, last),
    consensus: firstAndLast(consensus),
    uniqueAnswers: firstAndLast(uniqueAnswers),
    uniqueStrategies: firstAndLast(uniqueStrategies),
    distance: distance(state),
    nll: null,
    calls: state.ledger.calls,
    newTokens: state.ledger.newTokens,
  };
}
