// How much the agents agree and differ in a round. Each figure is named by what it measures and comes with the number of questions behind it.
import { answersOf, isRoundDone } from '../debate/decide';
import type { RunState } from '../debate/fold';
import { countVotes } from '../debate/vote';
import { taskById } from '../tasks/tasks';

/** A mean over questions. `mean` is null when there is no question. */
export interface Mean {
  mean: number | null;
  n: number;
}

/** Null when there is nothing to average. */
export const meanOf = (values: readonly number[]): Mean => ({
  mean: values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
  n: values.length,
});

const rounds = (state: RunState, round: number) =>
  state.start
    ? [...state.questions.values()]
        .filter(question => isRoundDone(state.start!.config, question, round))
        .map(question => ({ question, answers: answersOf(state.start!.config, question, round) }))
    : [];

/** Mean share of agents that hold the plurality answer; unparsed ones never agree. "Consensus diversity" is 1 − this. */
export const consensus = (state: RunState, round: number): Mean =>
  meanOf(rounds(state, round).map(({ answers }) => Math.max(0, ...countVotes(answers.map(({ key }) => key)).values()) / answers.length));

/** Mean number of distinct answers of a round, 0..N; unparsed is no answer. */
export const uniqueAnswers = (state: RunState, round: number): Mean =>
  meanOf(rounds(state, round).map(({ answers }) => countVotes(answers.map(({ key }) => key)).size));

/** Mean number of distinct strategies of a round, 0..N, over questions whose task can recognise them; unrecognised texts count as none. */
export const uniqueStrategies = (state: RunState, round: number): Mean =>
  meanOf(
    rounds(state, round).flatMap(({ question, answers }) => {
      const { strategyOf } = taskById(question.question.task);
      if (!strategyOf) return [];
      return [new Set(answers.map(({ turn }) => turn && strategyOf(turn.text)).filter(name => name !== null)).size];
    }),
  );

/** How often each strategy was used in a round, most used first. */
export function strategyCounts(state: RunState, round: number): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { question, answers } of rounds(state, round)) {
    const { strategyOf } = taskById(question.question.task);
    for (const { turn } of answers) {
      const name = turn && strategyOf?.(turn.text);
      if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, x], [, y]) => y - x);
}
