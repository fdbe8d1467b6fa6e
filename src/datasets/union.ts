// All agents' rows in one set: what the controls that train a single model learn from (method.md §7).
import type { SetRole, SetRow, TrainingSet } from './records';
import { seal } from './seal';

function added(sets: readonly TrainingSet[]): SetRow['discarded'] {
  const sum: SetRow['discarded'] = {};
  for (const { header } of sets) for (const [reason, count] of Object.entries(header.discarded)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

/**
 * Every row of the sets of these roles, in their order, as the set of one model. The rows are those that the agents would learn apart:
 * what differs is only that one model learns them all.
 * @param sets of one iteration
 * @throws RangeError when there is none
 */
export function unionOf(sets: readonly TrainingSet[], roles: readonly SetRole[]): TrainingSet {
  const parts = sets.filter(({ header }) => roles.includes(header.role));
  const [first] = parts;
  if (!first) throw new RangeError('a union needs at least one set');
  const rows = parts.flatMap(set => set.rows);
  const sum = (read: (header: SetRow) => number): number => parts.reduce((total, { header }) => total + read(header), 0);
  const { run, iteration, selection, seed } = first.header;
  return seal(
    {
      schema: 1,
      ...{ run, iteration, agent: 0, role: 'generator', shared: true, selection },
      size: rows.length,
      minus: sum(({ minus }) => minus),
      plus: sum(({ plus }) => plus),
      wRealised: null,
      unused: sum(({ unused }) => unused),
      discarded: added(parts),
      skipped: rows.length ? null : 'no agent has anything to learn from',
      seed,
    },
    rows,
  );
}
