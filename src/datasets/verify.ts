// A check of an answer that knows no right answers: does everything that was worked out on the way hold?
import { arithmeticOf } from '../tasks/tasks';
import { evaluate, stepsOf } from '../tasks/arithmetic/steps';

/** Whether a question's answers can be checked at all: only arithmetic writes its steps in a form that can be recomputed. */
export const canVerify = (question: string): boolean => arithmeticOf(question) !== null;

/** At least one step, and every one of them right. A text that copies the question wrongly can pass: it is a verifier, not the truth. */
export function stepsHold(text: string): boolean {
  const steps = stepsOf(text);
  return steps.length > 0 && steps.every(({ left, value }) => evaluate(left) === value);
}
