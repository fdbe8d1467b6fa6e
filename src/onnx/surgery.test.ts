import { describe, expect, it } from 'vitest';
import { faults, numericCases, runCase } from './fixtures/cases';
import { nodeRuntime } from '../../test/fixtures/node-runtime';

describe('rows of different adapters in one batch equal models with the adapter merged in', () => {
  it.each(numericCases().map(c => [c.name, c] as const))('%s', async (_, numeric) => {
    expect(faults(numeric, await runCase(numeric, nodeRuntime))).toEqual([]);
  });
});
