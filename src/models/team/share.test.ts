import fc from 'fast-check';
import { expect, it } from 'vitest';

import { cutParts, shareOut } from './share';

const never = new AbortController().signal;

it('cuts every row into exactly one part, as many parts for each worker, none much larger than another', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (weights, workers) => {
      const parts = cutParts(weights, workers);
      expect(parts.flat().sort((a, b) => a - b)).toEqual(weights.map((_, i) => i));
      const sizes = parts.map(p => p.length);
      expect(sizes.every(size => size > 0)).toBe(true);
      if (parts.length < 2) return;
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4);
      const ordered = parts.flat().map(i => weights[i]!);
      expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
    }),
  );
});

it('keeps the rows of an agent together', () => {
  const agents = Array.from({ length: 24 }, (_, i) => ['one', 'two', 'three'][i % 3]!);
  const weights = agents.map((_, i) => i);
  const inPart = cutParts(weights, 2, agents).map(part => [...new Set(part.map(i => agents[i]))]);
  expect(inPart).toEqual([
    ['one', 'two'],
    ['two', 'three'],
  ]);
  expect(cutParts([1, 3, 2], 1, [null, 'a', null])).toEqual([[2, 0, 1]]);
});

it('asks one worker for few rows, and for many in passes that all can take', () => {
  expect(cutParts(Array(7).fill(1), 2)).toHaveLength(1);
  expect(cutParts(Array(8).fill(1), 2)).toHaveLength(2);
  expect(cutParts(Array(96).fill(1), 2).map(p => p.length)).toEqual([24, 24, 24, 24]);
});

it('a quick worker takes what a slow one has not come to', async () => {
  const took: Record<string, number> = { quick: 0, slow: 0 };
  await shareOut(
    ['quick', 'slow'],
    [1, 2, 3, 4, 5, 6],
    async worker => {
      took[worker]!++;
      await new Promise(done => setTimeout(done, worker === 'slow' ? 60 : 1));
      return null;
    },
    never,
  );
  expect(took['quick']! + took['slow']!).toBe(6);
  expect(took['quick']).toBeGreaterThan(took['slow']!);
});

it('what comes back is done by another, even when all others were done before', async () => {
  const done: string[] = [];
  await shareOut(
    ['first', 'gives up'],
    ['a', 'b'],
    async (worker, part) => {
      if (worker === 'gives up') {
        await new Promise(later => setTimeout(later, 20));
        return part;
      }
      done.push(part);
      return null;
    },
    never,
  );
  expect(done.sort()).toEqual(['a', 'b']);
});

it('the first failure stops everybody, and so does the signal', async () => {
  let stopped = 0;
  const waits = (signal: AbortSignal): Promise<null> =>
    new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        stopped++;
        reject(signal.reason);
      }),
    );
  const broken = shareOut(
    [1, 2],
    ['a', 'b'],
    async (worker, _part, signal) => {
      if (worker === 1) throw new Error('broken');
      return waits(signal);
    },
    never,
  );
  await expect(broken).rejects.toThrow('broken');
  expect(stopped).toBe(1);
  const caller = new AbortController();
  const cancelled = shareOut([1, 2], ['a', 'b'], (_worker, _part, signal) => waits(signal), caller.signal);
  caller.abort(new Error('enough'));
  await expect(cancelled).rejects.toThrow('enough');
  expect(stopped).toBe(3);
});
