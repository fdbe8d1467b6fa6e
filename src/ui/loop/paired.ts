// Iterations against what came before them, or against a control, question by question, in words that claim no more than the numbers carry.
import type { RunState } from '../../debate/fold';
import { compareRuns, holm, type PairedComparison } from '../../metrics/paired';
import { measureIds, type MeasureId } from './accuracy';

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

export interface PairedRow extends PairedComparison {
  iteration: number;
  /** p after Holm over every test of the grid; null where there is none. */
  adjusted: number | null;
}

export interface PairedGrid {
  rows: Record<MeasureId, PairedRow[]>;
  /** Tests that were corrected for together. */
  tests: number;
}

/** Two runs of the same questions. */
export interface Pairing {
  iteration: number;
  before: RunState;
  after: RunState;
}

/** Chances are corrected together, for every test that a reader of these rows may pick the best of (method.md §9.2). */
export function corrected(rows: readonly (PairedComparison & { iteration: number })[]): PairedGrid {
  const tested = rows.flatMap(({ p }, i) => (p === null ? [] : [{ i, p }]));
  const adjusted = new Map(holm(tested.map(({ p }) => p)).map((p, at) => [tested[at]!.i, p]));
  const all = rows.map((row, i): PairedRow => ({ ...row, adjusted: adjusted.get(i) ?? null }));
  const of = (id: MeasureId): PairedRow[] => all.filter(({ condition }) => condition === id);
  return {
    rows: { debate: of('debate'), majority: of('majority'), critic: of('critic'), generator: of('generator') },
    tests: tested.length,
  };
}

/** Every measure of every pairing. Ten thousand resamples take a while: the page breathes in between. */
export async function compareAll(pairings: readonly Pairing[], seed: number): Promise<PairedGrid> {
  const found: (PairedComparison & { iteration: number })[] = [];
  for (const { iteration, before, after } of pairings)
    for (const measure of measureIds) {
      await new Promise(resolve => setTimeout(resolve));
      found.push({ iteration, ...compareRuns(before, after, measure, seed) });
    }
  return corrected(found);
}
