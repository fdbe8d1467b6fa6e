import { expect, test } from 'vitest';

import { foldLoopAll } from '../experiment/fold';
import { loopConfigOf, startOf } from '../experiment/loop.fixture';
import { loopTable } from './loop-table';

test('a table over rows that were chosen in another way than the paper’s says so', () => {
  const config = loopConfigOf();
  const table = (selection: (typeof config)['datasets']['selection']): string =>
    loopTable(foldLoopAll([startOf({ ...config, datasets: { ...config.datasets, selection } })]));
  expect(table({ by: 'consensus' })).not.toContain('paper');
  expect(table({ by: 'cross-agent', ownShare: 0.5 })).toContain('Training rows: 50 % own rows, the rest from others: not the paper’s.');
});
