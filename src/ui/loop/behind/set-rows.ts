// What lies behind the size of a set: its rows, each with the question, what is learnt from it, and whether its label was right.
import type { DataRow, TrainingSet } from '../../../datasets/records';
import { weightOf } from '../../../datasets/seal';
import type { RunState } from '../../../debate/fold';
import type { Key } from '../../../tasks/question';

export interface SetRowView {
  id: string;
  qid: string;
  /** The question; the first message of the row where its debate does not hold it. */
  question: string;
  kind: DataRow['kind'];
  /** 0-based. */
  speaker: number;
  /** Last text that is a target of the training. */
  target: string;
  /** The answer it was kept for; null where that cannot be told. */
  answer: Key | null;
  truth: Key | null;
}

/** @param run the debate that the set was made of */
export const setRowsOf = ({ rows }: TrainingSet, run: RunState): SetRowView[] =>
  rows.map((row, i) => {
    const state = run.questions.get(row.qid);
    return {
      id: `${row.hash} ${i}`,
      qid: row.qid,
      question: state?.question.text ?? row.messages[0]!.content,
      kind: row.kind,
      speaker: row.speaker,
      target: row.messages.findLast(message => weightOf(message) === 1)?.content ?? '',
      answer: state?.turns.get(row.from.at(-1) ?? '')?.answer?.key ?? null,
      truth: state?.question.truth ?? null,
    };
  });
