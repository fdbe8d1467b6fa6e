// What lies behind a point of the labels: per training question, the votes, the label or why there is none, and whether it is right.
import { discardWords } from '../../../datasets/pools';
import type { RunState } from '../../../debate/fold';
import type { Key } from '../../../tasks/question';

export interface LabelRow {
  qid: string;
  text: string;
  /** Of the last round, most votes first. */
  votes: { key: Key; count: number }[];
  unparsed: number;
  label: Key | null;
  /** Why there is no label; empty when there is one. */
  reason: string;
  truth: Key | null;
  /** null = nothing to be right: no label, or the right answer is not known. */
  right: boolean | null;
}

export const labelFilters = ['all', 'accepted', 'right', 'wrong', 'none'] as const;
export type LabelFilter = (typeof labelFilters)[number];
export const labelFilterWords: Record<LabelFilter, string> = {
  all: 'All',
  accepted: 'With a label',
  right: 'Right label',
  wrong: 'Wrong label',
  none: 'No label',
};

/** Decided questions of a debate that sets were made of, in its order. */
export const labelRows = (run: RunState): LabelRow[] =>
  [...run.questions.values()].flatMap(({ question, vote }) => {
    if (!vote) return [];
    const { qid, text, truth } = question;
    const votes = Object.entries(vote.counts).map(([key, count]) => ({ key, count }));
    return [
      {
        qid,
        text,
        votes: votes.sort((x, y) => y.count - x.count),
        unparsed: vote.unparsed,
        label: vote.label,
        reason: vote.label === null ? discardWords[vote.discarded ?? 'unparsed'] : '',
        truth,
        right: vote.label === null || truth === null ? null : vote.label === truth,
      },
    ];
  });

export function labelPasses({ label, right }: LabelRow, filter: LabelFilter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'accepted':
      return label !== null;
    case 'right':
      return right === true;
    case 'wrong':
      return right === false;
    case 'none':
      return label === null;
  }
}
