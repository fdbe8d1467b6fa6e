// Two evaluations of the same questions, question by question: the only fair way to say that one is better (method.md §9).
import { answersOf } from '../debate/decide';
import type { RunState } from '../debate/fold';
import { graded, votedRight } from './accuracy';
import { bootstrap } from './bootstrap';

/** What is compared: one agent's answers or a vote, of the first or the last round. */
export type Condition = 'generator' | 'majority' | 'critic' | 'debate';

const isVote = (condition: Condition): boolean => condition === 'majority' || condition === 'debate';

/** Score in [0, 1] by question id: right or wrong for a vote, the share of right answers for single agents. */
export function gradesOf(state: RunState, condition: Condition): Map<string, number> {
  if (!state.start) return new Map();
  const { config } = state.start;
  const round = condition === 'generator' || condition === 'majority' ? 1 : config.rounds;
  return new Map(
    graded(state, round).map(question => {
      if (isVote(condition)) return [question.question.qid, votedRight(state, question, round) ? 1 : 0];
      const answers = answersOf(config, question, round);
      return [question.question.qid, answers.filter(({ key }) => key !== null && key === question.question.truth).length / answers.length];
    }),
  );
}

/**
 * Exact two-sided McNemar: min(1, 2·Σ_{i ≤ min(b,c)} C(b+c, i) / 2^(b+c)).
 * @param b questions only the first got right
 * @param c questions only the second got right
 */
export function mcnemar(b: number, c: number): number {
  const n = b + c;
  // In logarithms: 2^n overflows from n = 1024 on.
  let term = -n * Math.LN2;
  let sum = Math.exp(term);
  for (let i = 1; i <= Math.min(b, c); i++) {
    term += Math.log((n - i + 1) / i);
    sum += Math.exp(term);
  }
  return Math.min(1, 2 * sum);
}

export interface PairedComparison {
  condition: Condition;
  /** Questions graded in both. */
  n: number;
  /** Mean scores on those questions. */
  before: number;
  after: number;
  /** after − before, with its 95 % interval. */
  difference: number;
  low: number;
  high: number;
  /** Votes only: questions that were right before and wrong after, the reverse, and the exact p of that split. */
  lost: number | null;
  won: number | null;
  p: number | null;
}

/** Two runs on the questions they share. */
export const compareRuns = (before: RunState, after: RunState, condition: Condition, seed = 1): PairedComparison =>
  compareAll([[before, after]], condition, seed);

/**
 * Several pairs of runs taken together, such as the same comparison under several seeds: each question of each pair counts once. The interval
 * is over questions; what another training would have made of the same ones is not in it, so the pairs are to be looked at apart, too.
 * @param runs before and after
 */
export function compareAll(runs: readonly (readonly [RunState, RunState])[], condition: Condition, seed = 1): PairedComparison {
  const pairs = runs.flatMap(([before, after]) => {
    const [first, second] = [gradesOf(before, condition), gradesOf(after, condition)];
    return [...first].flatMap(([qid, x]): [number, number][] => (second.has(qid) ? [[x, second.get(qid)!]] : []));
  });
  const n = pairs.length;
  const mean = (of: (pair: [number, number]) => number): number => (n ? pairs.reduce((sum, pair) => sum + of(pair), 0) / n : 0);
  const split = isVote(condition);
  const lost = pairs.filter(([x, y]) => x > y).length;
  const won = pairs.filter(([x, y]) => x < y).length;
  return {
    condition,
    n,
    before: mean(([x]) => x),
    after: mean(([, y]) => y),
    ...bootstrap(
      pairs.map(([x, y]) => y - x),
      seed,
    ),
    lost: split ? lost : null,
    won: split ? won : null,
    p: split ? mcnemar(lost, won) : null,
  };
}

/**
 * Holm's step-down correction for several comparisons read together.
 * @returns adjusted p, in the order given
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((x, y) => ps[x]! - ps[y]!);
  const adjusted = [...ps];
  let floor = 0;
  order.forEach((index, rank) => {
    floor = Math.max(floor, Math.min(1, ps[index]! * (ps.length - rank)));
    adjusted[index] = floor;
  });
  return adjusted;
}
