import { expect, it } from 'vitest';

import { teamSize } from './page';

const small = { device: 'wasm', parameters: 900_000 } as const;

it('a small model on wasm has an engine for each processor, up to four, and leaves one to the page where there are more than two', () => {
  const sizes = [1, 2, 4, 8, 64].map(hardwareConcurrency => teamSize(small, { hardwareConcurrency }));
  expect(sizes).toEqual([1, 2, 3, 4, 4]);
});

it('a large model, a graphics card, a small memory or an unknown machine has one', () => {
  const machine = { hardwareConcurrency: 8 };
  expect(teamSize({ ...small, parameters: 135e6 }, machine)).toBe(1);
  expect(teamSize({ ...small, device: 'webgpu' }, machine)).toBe(1);
  expect(teamSize(small, { ...machine, deviceMemory: 1 })).toBe(1);
  expect(teamSize(small, {})).toBe(1);
});
