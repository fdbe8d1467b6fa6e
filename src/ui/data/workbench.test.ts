// Deleting a set: the weights that were trained on it alone go with it, those of a loop stay with their loop.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AdapterRecord } from '../../store/adapter-records';
import type { SetRecord } from '../../store/set-records';
import type { Record } from '../session/record.svelte';
import { Workbench } from './workbench.svelte';

// This page comes without recordings.
beforeEach(() => void vi.stubGlobal('fetch', () => Promise.reject(new TypeError('not found'))));
afterEach(() => vi.unstubAllGlobals());

it('takes the weights that were trained on it alone along, unless the same rows are kept elsewhere', async () => {
  let sets = ['one', 'two', 'copy of two'].map(id => ({ id, sha256: id.split(' ').at(-1)!, header: { run: '' } }) as unknown as SetRecord);
  let adapters = [
    { id: 'set-one-x/it1/generator_1', loop: 'set-one-x', dataset: 'one' },
    { id: 'loop-1/it1/generator_1', loop: 'loop-1', dataset: 'one' },
    { id: 'set-two-x/it1/generator_1', loop: 'set-two-x', dataset: 'two' },
  ] as AdapterRecord[];
  const store = {
    sets: {
      list: async () => sets,
      remove: async (gone: readonly SetRecord[]) => void (sets = sets.filter(one => !gone.includes(one))),
    },
    adapters: {
      list: async () => adapters,
      remove: async (ids: readonly string[]) => void (adapters = adapters.filter(({ id }) => !ids.includes(id))),
    },
    listRuns: async () => [],
    listLoops: async () => [],
  };
  const bench = new Workbench({ store: Promise.resolve(store) } as unknown as Record, new AbortController().signal);
  await bench.refresh();
  await bench.remove(['one', 'two']);
  expect(adapters.map(({ id }) => id)).toEqual(['loop-1/it1/generator_1', 'set-two-x/it1/generator_1']);
  await bench.remove(['copy of two']);
  expect(adapters.map(({ id }) => id)).toEqual(['loop-1/it1/generator_1']);
});
