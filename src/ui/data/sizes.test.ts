import { describe, expect, it } from 'vitest';
import type { SetPreview } from '../../datasets/collect';
import { datasetDefaults, type DatasetConfig } from '../../datasets/records';
import { Sizes } from './sizes.svelte';

const turn = (): Promise<void> => new Promise(done => setTimeout(done));

function scripted() {
  const asked: { config: DatasetConfig; answer: (sizes: SetPreview[]) => void; fail: (error: Error) => void }[] = [];
  const life = new AbortController();
  const counter = {
    sizes: (config: DatasetConfig) => new Promise<SetPreview[]>((answer, fail) => void asked.push({ config, answer, fail })),
  };
  return { asked, life, sizes: new Sizes(counter, life.signal) };
}
const seed = (seed: number): DatasetConfig => ({ ...datasetDefaults, seed });
const found = (size: number): SetPreview[] => [{ size } as SetPreview];

describe('sizes that are counted elsewhere', () => {
  it('follow the newest settings and skip those that were passed over', async () => {
    const { asked, sizes } = scripted();
    for (const n of [1, 2, 3]) sizes.count(seed(n));
    expect(asked.map(({ config }) => config.seed)).toEqual([1]);
    asked[0]!.answer(found(10));
    await turn();
    expect([sizes.list![0]!.size, sizes.counting]).toEqual([10, true]);
    expect(asked.map(({ config }) => config.seed)).toEqual([1, 3]);
    asked[1]!.answer(found(30));
    await turn();
    expect([sizes.list![0]!.size, sizes.counting]).toEqual([30, false]);
  });

  it('say what went wrong, until other settings can be counted', async () => {
    const { asked, sizes } = scripted();
    sizes.count(seed(1));
    asked[0]!.fail(new RangeError('2 is no share'));
    await turn();
    expect([sizes.list, sizes.problem, sizes.counting]).toEqual([null, '2 is no share', false]);
    sizes.count(seed(2));
    asked[1]!.answer(found(5));
    await turn();
    expect([sizes.list![0]!.size, sizes.problem]).toEqual([5, '']);
  });

  it('ask for nothing once nobody looks', async () => {
    const { asked, life, sizes } = scripted();
    sizes.count(seed(1));
    sizes.count(seed(2));
    life.abort();
    asked[0]!.fail(new DOMException('over', 'AbortError'));
    await turn();
    expect([asked.length, sizes.problem]).toEqual([1, '']);
  });
});
