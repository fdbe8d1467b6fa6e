// Everything measured about one evaluation, from its run alone.
import type { RunState } from '../debate/fold';
import { answerAccuracy, voteAccuracy, type Accuracy } from './accuracy';
import { meansOf } from './bootstrap';
import { distanceIn } from './distance';
import { agreementIn, answersIn, roundsOf, strategyCountIn, type Mean, type RoundAnswers } from './diversity';
import type { HeldOutNll } from './nll';

export interface Measures {
  questions: number;
  /** Single answers of round 1 over all agents; the vote over round 1; single answers of the last round; the vote over the last round. */
  generator: Accuracy;
  majority: Accuracy;
  critic: Accuracy;
  debate: Accuracy;
  /** Of round 1 and of the last round; share of the agents that hold the plurality answer: "consensus diversity" is 1 − this. */
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
  const [first, final] = [roundsOf(state, 1), roundsOf(state, last)];
  const column = (rounds: readonly RoundAnswers[], of: (at: RoundAnswers) => number | null): number[] => rounds.flatMap(at => of(at) ?? []);
  const both = (of: (at: RoundAnswers) => number | null): number[][] => [column(first, of), column(final, of)];
  const columns = [...both(agreementIn), ...both(answersIn), ...both(strategyCountIn), column(first, distanceIn)];
  const means = meansOf(columns, state.start?.config.seed ?? 0);
  const pair = (at: number): [Mean, Mean] => [means[at]!, means[at + 1]!];
  return {
    questions: [...state.questions.values()].filter(({ vote }) => vote).length,
    generator: answerAccuracy(state, 1),
    majority: voteAccuracy(state, 1),
    critic: answerAccuracy(state, last),
    debate: voteAccuracy(state, last),
    consensus: pair(0),
    uniqueAnswers: pair(2),
    uniqueStrategies: pair(4),
    distance: means[6]!,
    nll: null,
    calls: state.ledger.calls,
    newTokens: state.ledger.newTokens,
  };
}
