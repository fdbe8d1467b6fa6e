// What can be debated: a source of questions, how an answer is found in a response, and how answers are compared.
import { extractionWords, type ExtractionRule } from './answers';
import {
  answer,
  defaultDifficulty,
  drawProblem,
  expression,
  isDifficulty,
  parseQuestion,
  questionText,
  ranges,
  type Problem,
} from './arithmetic/problem';
import { seededRandom } from './arithmetic/random';
import { styleNames, styleOf } from './arithmetic/styles';
import { hash128 } from './hash';
import { keyOf } from './keys';
import type { Equality, Key, Question } from './question';

export interface DrawOptions {
  split: 'train' | 'eval';
  count: number;
  seed: number;
  difficulty: string;
}

export interface Task {
  id: string;
  title: string;
  about: string;
  equality: Equality;
  extraction: ExtractionRule;
  /** Settings of the question source; empty when there is none. */
  difficulties: readonly { id: string; label: string }[];
  defaultDifficulty: string;
  /** Distinct questions, the same for the same options. @throws RangeError for an unknown difficulty or more questions than there are */
  questions: ((options: DrawOptions) => Question[]) | null;
  /** Name of the strategy a response follows, where the task can tell. */
  strategyOf: ((text: string) => string | null) | null;
}

/** What counts as the same question: letter case, spacing and Unicode spelling do not distinguish. */
export const textHash = (text: string): string => hash128(text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim());

/** Fruitless draws in a row after which a range counts as exhausted. */
const patience = 20_000;

function arithmeticQuestions({ split, count, seed, difficulty }: DrawOptions): Question[] {
  if (!isDifficulty(difficulty)) throw new RangeError(`no difficulty "${difficulty}": ${Object.keys(ranges).join(', ')}`);
  const random = seededRandom(`questions ${seed} ${split} ${difficulty}`);
  const found = new Map<string, Question>();
  for (let fruitless = 0; found.size < count;) {
    const problem = drawProblem(random, difficulty, split);
    const qid = `arithmetic-${expression(problem)}`;
    if (found.has(qid)) {
      if (++fruitless > patience) throw new RangeError(`"${difficulty}" has no ${count} different ${split} questions`);
      continue;
    }
    fruitless = 0;
    const text = questionText(problem);
    found.set(qid, { qid, task: 'arithmetic', split, text, textHash: textHash(text), truth: String(answer(problem)), difficulty });
  }
  return [...found.values()];
}

const arithmetic: Task = {
  id: 'arithmetic',
  title: 'Arithmetic',
  about: 'a + b·c + d − e·f, the arithmetic task of the debate papers. One problem in ten is held out of every training.',
  equality: 'numeric',
  extraction: 'boxed-or-last-number',
  difficulties: Object.entries(ranges).map(([id, { label }]) => ({ id, label })),
  defaultDifficulty,
  questions: arithmeticQuestions,
  strategyOf: text => {
    const style = styleOf(text);
    return style && styleNames[style];
  },
};

const own: Task = {
  id: 'own',
  title: 'Your own question',
  about: 'Any question in your words. If you know the answer, the debate is graded against it.',
  equality: 'latex',
  extraction: 'boxed',
  difficulties: [],
  defaultDifficulty: '',
  questions: null,
  strategyOf: null,
};

export const tasks: readonly Task[] = [arithmetic, own];

/** @throws RangeError for a task this version does not have */
export function taskById(id: string): Task {
  const task = tasks.find(candidate => candidate.id === id);
  if (!task) throw new RangeError(`no task "${id}"; there is ${tasks.map(({ id }) => id).join(', ')}`);
  return task;
}

/** How answers of a task are read, in words; null for a task this version does not have. */
export function extractionOf(task: string): string | null {
  const known = tasks.find(({ id }) => id === task);
  return known ? extractionWords[known.extraction] : null;
}

/** The problem of a text that is `a+b*c+d-e*f`, bare or asked, and nothing else; null otherwise. */
export function arithmeticOf(text: string): Problem | null {
  const bare = text.replace(/^\s*(?:what\s+is|compute|calculate)\b/i, '').replace(/[=?.\s]+$/, '');
  return /^\s*\d{1,4}\s*\+\s*\d{1,4}\s*\*\s*\d{1,4}\s*\+\s*\d{1,4}\s*-\s*\d{1,4}\s*\*\s*\d{1,4}$/.test(bare) ? parseQuestion(bare) : null;
}

/**
 * The user's own question. @param truth the right answer as the user wrote it; left empty it is worked out for the arithmetic form, else unknown
 * @throws RangeError when the text is empty or the given truth is no answer of this kind
 */
export function ownQuestion(text: string, truth: string | null = null, equality: Equality = own.equality): Question {
  const asked = text.trim();
  if (!asked) throw new RangeError('the question is empty');
  const problem = arithmeticOf(asked);
  let key: Key | null = null;
  if (truth?.trim()) {
    key = keyOf(truth, equality);
    if (key === null) throw new RangeError(`"${truth.trim()}" cannot be read as a ${equality} answer`);
  } else if (problem) key = String(answer(problem));
  const hash = textHash(asked);
  return { qid: `own-${hash.slice(0, 12)}`, task: 'own', split: 'own', text: asked, textHash: hash, truth: key };
}
