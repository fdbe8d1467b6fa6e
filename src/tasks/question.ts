// A problem, and what an answer to it is. Everything downstream compares answers by `Key` and by nothing else.

/** Canonical form of an answer. Vote, consensus and grading use the same key, so equality is an equivalence. */
export type Key = string;

/** Which canonical form an answer is brought to; see `keys.ts` for the rule of each. */
export type Equality = 'numeric' | 'latex' | 'choice' | 'exact';

export type Split = 'train' | 'eval' | 'own';

export interface Question {
  /** Stable within a task: the same generated problem has the same id in page and CLI. */
  qid: string;
  task: string;
  split: Split;
  text: string;
  /** Hash of the normalised text; train and evaluation questions are disjoint by this too. */
  textHash: string;
  /** Key of the right answer, where it is known. Never an input of a debate or a dataset. */
  truth: Key | null;
  difficulty?: string;
}

/** Where in a response the answer stands. `null` instead of this means unparsed, which counts as wrong. */
export interface Extraction {
  key: Key;
  /** UTF-16 offsets of the answer within the response text. */
  start: number;
  end: number;
}
