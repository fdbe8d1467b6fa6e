import { describe, expect, it } from 'vitest';

import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { faults, numericCases, runCase } from '../onnx/fixtures/cases';
import { poolForms } from './fixtures/pool-forms';

describe.each(['pooled', 'baked'] as const)(
  'rows of different adapters out of one pool equal models with the adapter merged in: %s',
  form => {
    const essential = numericCases().filter(numeric => numeric.essential);
    it.each(essential.map(c => [c.name, c] as const))('%s', async (_, numeric) => {
      expect(faults(numeric, await runCase(numeric, nodeRuntime, { form: poolForms[form] }))).toEqual([]);
    });
  },
);
