// Differences of several pairs of loops, one pair for each seed: each apart, their mean, and how far trainings anew differ.
import type { RunState } from '../debate/fold';
import { overSeeds } from '../metrics/over-seeds';
import { compareRuns } from '../metrics/paired';
import { conditionNames, conditions, signed } from './loop-paired';
import { table } from './summary';

/** One evaluation of a loop. */
export interface Evaluated {
  title: string;
  /** Id of the loop. */
  loop: string;
  seed: number;
  state: RunState;
  /** Distinct ones of round 1, per question; null where the task can tell none. */
  strategies: number | null;
}

export type Pair = readonly [Evaluated, Evaluated];

function row(name: string, differences: readonly number[], digits: number): string[] {
  const { mean, sd, low, high } = overSeeds(differences);
  const each = [name, ...differences.map(value => signed(value, digits))];
  if (sd === null || low === null || high === null) return each;
  return [...each, signed(mean, digits), sd.toFixed(digits), `[${signed(low, digits)}, ${signed(high, digits)}]`];
}

/** @param pairs at least one; B minus A */
export function seedTable(pairs: readonly Pair[]): string {
  const several = pairs.length > 1;
  const rows = conditions.map(condition =>
    row(
      conditionNames[condition],
      pairs.map(([a, b]) => compareRuns(a.state, b.state, condition).difference * 100),
      1,
    ),
  );
  const told = pairs.flatMap(([a, b]) => (a.strategies === null || b.strategies === null ? [] : [b.strategies - a.strategies]));
  if (told.length === pairs.length) rows.push(row('strategies', told, 2));
  return [
    table([['seed', ...pairs.map(([a]) => String(a.seed)), ...(several ? ['mean', 'sd', '95 %'] : [])], ...rows]),
    several
      ? "Points by seed, and strategies in round 1; the interval is Student's, over seeds: it holds what other trainings come to."
      : 'One seed: what another training of the same agents would come to is in none of these intervals.',
  ].join('\n');
}
