import { expect, it } from 'vitest';
import { emptyLoop, foldLoopAll } from '../../experiment/fold';
import { blankDisk, loopConfigOf, sit } from '../../experiment/loop.fixture';
import { accuracySeries, accuracyTable } from './accuracy';
import { besideSeries, incomparable, withColumns } from './beside';

const loopOf = async (change: Parameters<typeof loopConfigOf>[0] = {}) => {
  const disk = blankDisk();
  await sit({ disk }, loopConfigOf({ iterations: 1, ...change }));
  return { state: foldLoopAll(disk.events), events: disk.events };
};

it('only loops that were judged by the same questions are set against each other', async () => {
  const [{ state, events }, control, other] = await Promise.all([loopOf(), loopOf({ society: 'union-data' }), loopOf({ seed: 2 })]);
  expect(incomparable(state, control.state)).toBeNull();
  expect(incomparable(state, other.state)).toMatch(/other held-out questions/);
  expect(incomparable(state, foldLoopAll(events.slice(0, 1)))).toMatch(/Nothing of it has been measured/);
  expect(incomparable(state, emptyLoop)).toMatch(/no beginning/);

  const lines = besideSeries(accuracySeries(control.state), 'union-data');
  expect(lines.map(({ id, faint }) => [id, faint])[0]).toEqual(['beside debate', true]);
  expect(lines[0]!.points[1]!.words).toMatch(/^union-data\. Iteration 1, debate:/);
  const table = withColumns(accuracyTable(state), lines, y => y.toFixed(2));
  expect(table.columns.at(-1)).toBe('union-data: one generator');
  expect(table.rows.every(row => row.length === table.columns.length)).toBe(true);
  expect(table.rows[0]!.at(-1)).toBe(control.state.iterations[0]!.measured!.measures.generator.share.toFixed(2));
});
