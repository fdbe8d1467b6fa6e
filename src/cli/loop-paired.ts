// The end of a loop against its beginning, question by question: whether a difference is more than noise.
import type { RunState } from '../debate/fold';
import { compareRuns, holm, type Condition, type PairedComparison } from '../metrics/paired';
import { table } from './summary';

const names: Record<Condition, string> = { generator: 'one generator', majority: 'majority', critic: 'one critic', debate: 'debate' };

const points = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`;
const chance = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** @param last evaluation of iteration `iteration`, of the same questions as `base` */
export function pairedTable(base: RunState, last: RunState, iteration: number, seed: number): string {
  const all = (Object.keys(names) as Condition[]).map(condition => compareRuns(base, last, condition, seed));
  const tested = all.filter((one): one is PairedComparison & { p: number } => one.p !== null);
  const adjusted = holm(tested.map(({ p }) => p));
  const rows = all.map(one => {
    const { condition, difference, low, high, lost, won } = one;
    const at = tested.findIndex(other => other === one);
    const split = at < 0 ? ['', '', ''] : [String(won), String(lost), chance(adjusted[at]!)];
    return [names[condition], `${points(difference)} [${points(low)}, ${points(high)}]`, ...split];
  });
  return [
    table([[`iteration ${iteration} − 0`, 'points, 95 %', 'won', 'lost', 'p'], ...rows]),
    'Paired by question: bootstrap over questions; for votes also questions won and lost and the exact McNemar p, adjusted for two (Holm).',
  ].join('\n');
}
