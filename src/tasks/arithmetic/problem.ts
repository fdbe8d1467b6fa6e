// The paper's arithmetic: a + b·c + d − e·f over a named range of operands.
import { hash32, integer, type Random } from './random';

export type Problem = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Both bounds included. `paper` is the range of the debate paper's code; its text says "up to a maximum of 30". */
export const ranges = {
  easy: { low: 1, high: 5, label: 'operands 1 to 5' },
  standard: { low: 1, high: 9, label: 'operands 1 to 9' },
  larger: { low: 1, high: 12, label: 'operands 1 to 12' },
  large: { low: 1, high: 20, label: 'operands 1 to 20' },
  paper: { low: 0, high: 29, label: 'operands 0 to 29, published' },
  'paper-30': { low: 0, high: 30, label: 'operands 0 to 30' },
} as const;
export type Difficulty = keyof typeof ranges;
export const defaultDifficulty: Difficulty = 'standard';
export const isDifficulty = (name: string): name is Difficulty => Object.hasOwn(ranges, name);

export const expression = ([a, b, c, d, e, f]: Problem): string => `${a}+${b}*${c}+${d}-${e}*${f}`;
export const answer = ([a, b, c, d, e, f]: Problem): number => a + b * c + d - e * f;
export const questionText = (problem: Problem): string => `What is ${expression(problem)}?`;

/** The problem in a question text, or null when it asks something else. */
export function parseQuestion(text: string): Problem | null {
  const match = /(\d+)\s*\+\s*(\d+)\s*\*\s*(\d+)\s*\+\s*(\d+)\s*-\s*(\d+)\s*\*\s*(\d+)/.exec(text);
  return match ? (match.slice(1).map(Number) as unknown as Problem) : null;
}

/** One problem in ten is kept for evaluation: the built-in model has never been trained on it, in any role or range. */
export const isHeldOut = (problem: Problem): boolean => hash32(expression(problem)) % 10 === 0;

export type ProblemSplit = 'train' | 'eval';

/** Draws until the problem belongs to the split; train and evaluation can never share a problem. */
export function drawProblem(random: Random, difficulty: Difficulty, split: ProblemSplit): Problem {
  const { low, high } = ranges[difficulty];
  for (;;) {
    const problem = Array.from({ length: 6 }, () => integer(random, low, high)) as unknown as Problem;
    if (isHeldOut(problem) === (split === 'eval')) return problem;
  }
}
