// What lies behind a point of the accuracy chart: per question, who answered what, and what was right.
import { answersOf, voteOf } from '../../../debate/decide';
import type { QuestionState, RunState } from '../../../debate/fold';
import type { Key } from '../../../tasks/question';
import type { MeasureId } from '../accuracy';

export interface Outcome {
  qid: string;
  text: string;
  truth: Key | null;
  /** One answer for a vote, one per agent for single answers; null = none. */
  answers: (Key | null)[];
  /** Share of them that is right; null where the truth is not known. */
  right: number | null;
}

function answersBehind(run: RunState, question: QuestionState, measure: MeasureId): (Key | null)[] {
  const { config } = run.start!;
  switch (measure) {
    case 'debate':
      return [question.vote?.winner ?? null];
    case 'majority':
      // With one round the first vote is the decision, drawn ties included.
      return [((config.rounds === 1 && question.vote) || voteOf(config, question, 1))?.winner ?? null];
    case 'critic':
      return answersOf(config, question, config.rounds).map(({ key }) => key);
    case 'generator':
      return answersOf(config, question, 1).map(({ key }) => key);
  }
}

/** Decided questions of an evaluation run, in its order. */
export function outcomesOf(run: RunState, measure: MeasureId): Outcome[] {
  if (!run.start) return [];
  return [...run.questions.values()]
    .filter(({ vote }) => vote !== null)
    .map(state => {
      const { qid, text, truth } = state.question;
      const answers = answersBehind(run, state, measure);
      const right = truth === null ? null : answers.filter(key => key === truth).length / Math.max(1, answers.length);
      return { qid, text, truth, answers, right };
    });
}

export const filters = ['all', 'wrong', 'right', 'gained', 'lost'] as const;
export type Filter = (typeof filters)[number];

export const filterWords: Record<Filter, string> = {
  all: 'All',
  wrong: 'Wrong',
  right: 'Right',
  gained: 'Better than at iteration 0',
  lost: 'Worse than at iteration 0',
};

/** Single answers count as wrong where at least one of them is. */
export function passes({ before, after }: { before: Outcome | null; after: Outcome }, filter: Filter): boolean {
  if (filter === 'all') return true;
  if (after.right === null) return false;
  if (filter === 'right') return after.right === 1;
  if (filter === 'wrong') return after.right < 1;
  if (before === null || before.right === null) return false;
  return filter === 'gained' ? after.right > before.right : after.right < before.right;
}
