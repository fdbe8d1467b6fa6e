// Which questions a loop trains on and which it is judged by. The two never share a question, by id or by text (method.md §12, behaviour 1).
import type { Question } from '../tasks/question';
import { taskById } from '../tasks/tasks';
import type { LoopConfig } from './records';

/** Questions of `candidates` that are none of `taken`, neither by id nor by normalised text. */
export function apartFrom(taken: readonly Question[], candidates: readonly Question[]): Question[] {
  const ids = new Set(taken.map(({ qid }) => qid));
  const texts = new Set(taken.map(({ textHash }) => textHash));
  return candidates.filter(({ qid, textHash }) => !ids.has(qid) && !texts.has(textHash));
}

/** @throws RangeError naming the first question that both lists hold */
export function assertDisjoint(train: readonly Question[], evaluate: readonly Question[]): void {
  const apart = new Set(apartFrom(evaluate, train));
  const shared = train.find(question => !apart.has(question));
  if (shared) throw new RangeError(`"${shared.text.slice(0, 80)}" is both trained on and evaluated: no result would mean anything`);
}

function drawApart(config: LoopConfig, split: 'train' | 'eval', count: number, taken: readonly Question[]): Question[] {
  const { task, difficulty } = config.debate;
  const source = taskById(task).questions;
  if (!source) throw new RangeError(`the task "${task}" has no questions to draw from`);
  // A longer draw begins with the shorter one, so asking for more replaces only what had to go.
  for (let asked = count; ; asked += count) {
    const drawn = source({ split, count: asked, seed: config.seed, difficulty });
    const kept = apartFrom(taken, drawn);
    if (kept.length >= count) return kept.slice(0, count);
  }
}

/** The same held-out questions for every iteration. @throws RangeError when the task has not that many */
export const evalQuestions = (config: LoopConfig): Question[] => drawApart(config, 'eval', config.evalQuestions, []);

/**
 * The training questions of an iteration ≥ 1: always the same, or under 'resample' new ones, apart from all earlier iterations' too.
 * @throws RangeError when the task has not that many
 */
export function trainQuestions(config: LoopConfig, evaluate: readonly Question[], iteration: number): Question[] {
  const count = config.trainQuestions;
  if (config.questions === 'fixed') return drawApart(config, 'train', count, evaluate);
  return drawApart(config, 'train', count * iteration, evaluate).slice(-count);
}
