// How much the agents agree and differ in a round. Each figure is named by what it measures and comes with the number of questions behind it.
import { answersOf, isRoundDone, type Answer } from '../debate/decide';
import type { QuestionState, RunState } from '../debate/fold';
import { countVotes } from '../debate/vote';
import { taskById } from '../tasks/tasks';

/** A mean over questions. `mean` is null when there is no question. */
export interface Mean {
  mean: number | null;
  n: number;
  /** A 95 % interval over questions; null where none can be told, left out where none was asked for. */
  low?: number | null;
  high?: number | null;
}

/** Null when there is nothing to average. */
export const meanOf = (values: readonly number[]): Mean => ({
  mean: values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
  n: values.length,
});

/** A question whose answers of a round are all there, and those answers in seat order. */
export interface RoundAnswers {
  question: QuestionState;
  answers: Answer[];
}

/** Questions that have finished the round, in the order of the run: what every figure here is a mean over. */
export const roundsOf = (state: RunState, round: number): RoundAnswers[] =>
  state.start
    ? [...state.questions.values()]
        .filter(question => isRoundDone(state.start!.config, question, round))
        .map(question => ({ question, answers: answersOf(state.start!.config, question, round) }))
    : [];

/** Share of the agents that hold the plurality answer, in [0, 1]; unparsed ones never agree. */
export const agreementIn = ({ answers }: RoundAnswers): number =>
  Math.max(0, ...countVotes(answers.map(({ key }) => key)).values()) / answers.length;

/** Distinct answers, 0..N; unparsed is no answer. */
export const answersIn = ({ answers }: RoundAnswers): number => countVotes(answers.map(({ key }) => key)).size;

/** [agents] name of the strategy each text follows, null where none is recognised; null as a whole where the task can tell none. */
export function strategiesIn({ question, answers }: RoundAnswers): (string | null)[] | null {
  const { strategyOf } = taskById(question.question.task);
  return strategyOf && answers.map(({ turn }) => turn && strategyOf(turn.text));
}

/** Distinct strategies, 0..N; texts whose strategy is not recognised count as none. Null where the task can tell none. */
export function strategyCountIn(at: RoundAnswers): number | null {
  const names = strategiesIn(at);
  return names && new Set(names.filter(name => name !== null)).size;
}

/** How often each strategy was used in a round, most used first. */
export function strategyCounts(state: RunState, round: number): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const at of roundsOf(state, round))
    for (const name of strategiesIn(at) ?? []) if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, x], [, y]) => y - x);
}
