import { expect, test } from 'vitest';

import { emptyLoop, foldLoopAll } from '../experiment/fold';
import { runLoop } from '../experiment/loop';
import { blankDisk, loopConfigOf, portsOf, startOf } from '../experiment/loop.fixture';
import type { LoopEvent } from '../experiment/records';
import { loopTable } from './loop-table';

test('a table over rows that were chosen in another way than the paper’s says so', () => {
  const config = loopConfigOf();
  const table = (selection: (typeof config)['datasets']['selection']): string =>
    loopTable(foldLoopAll([startOf({ ...config, datasets: { ...config.datasets, selection } })]));
  expect(table({ by: 'consensus' })).not.toContain('paper');
  expect(table({ by: 'cross-agent', ownShare: 0.5 })).toContain('Training rows: 50 % own rows, the rest from others: not the paper’s.');
});

test('figures of diversity have intervals; a loop recorded without them has its means', async () => {
  const disk = blankDisk();
  await runLoop({
    ...{ start: startOf({ ...loopConfigOf(), iterations: 1 }), state: emptyLoop, ports: portsOf({ disk }) },
    signal: new AbortController().signal,
  });
  expect(loopTable(foldLoopAll(disk.events))).toMatch(/\d\.\d\d \[\d\.\d\d, \d\.\d\d\]/);
  const older = disk.events.map(
    event => JSON.parse(JSON.stringify(event), (key, value: unknown) => (key === 'low' || key === 'high' ? undefined : value)) as LoopEvent,
  );
  const rows = loopTable(foldLoopAll(older))
    .split('\n')
    .filter(line => /^\d +\d\.\d\d/.test(line));
  expect(rows).toHaveLength(4);
  expect(rows.join()).not.toContain('[');
});
