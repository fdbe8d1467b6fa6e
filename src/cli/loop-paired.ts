// The end of a loop against its beginning, question by question: whether a difference is more than noise.
import type { RunState } from '../debate/fold';
import { compareRuns, holm, type Condition, type PairedComparison } from '../metrics/paired';
import { table } from './summary';

export const conditionNames: Record<Condition, string> = {
  generator: 'one generator',
  majority: 'majority',
  critic: 'one critic',
  debate: 'debate',
};
export const conditions = Object.keys(conditionNames) as Condition[];

export const signed = (value: number, digits: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
const points = (share: number): string => signed(share * 100, 1);
const chance = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** Comparisons as rows: difference with its interval, won and lost, p adjusted for all of them. */
export function pairedRows(all: readonly PairedComparison[]): string[][] {
  const tested = all.filter((one): one is PairedComparison & { p: number } => one.p !== null);
  const adjusted = holm(tested.map(({ p }) => p));
  return all.map(one => {
    const { condition, difference, low, high, lost, won } = one;
    const at = tested.findIndex(other => other === one);
    const split = at < 0 ? ['', '', ''] : [String(won), String(lost), chance(adjusted[at]!)];
    return [conditionNames[condition], `${points(difference)} [${points(low)}, ${points(high)}]`, ...split];
  });
}

/** @param last evaluation of iteration `iteration`, of the same questions as `base` */
export function pairedTable(base: RunState, last: RunState, iteration: number, seed: number): string {
  const all = conditions.map(condition => compareRuns(base, last, condition, seed));
  return [
    table([[`iteration ${iteration} − 0`, 'points, 95 %', 'won', 'lost', 'p'], ...pairedRows(all)]),
    'Paired by question: bootstrap over questions; for votes also questions won and lost and the exact McNemar p, adjusted for two (Holm).',
  ].join('\n');
}
