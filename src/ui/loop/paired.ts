// Iteration l against iteration 0, question by question, in words that claim no more than the numbers carry.
import type { PairedComparison } from '../../metrics/paired';

export type Verdict = 'better' | 'worse' | 'open';

/** Separable only when the interval of the difference leaves 0 out. */
export const verdictOf = ({ low, high }: Pick<PairedComparison, 'low' | 'high'>): Verdict =>
  low > 0 ? 'better' : high < 0 ? 'worse' : 'open';

export const verdictWords: Record<Verdict, string> = {
  better: 'better on these questions',
  worse: 'worse on these questions',
  open: 'not separable from no change',
};

export const pWords = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));
