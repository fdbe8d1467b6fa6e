import fc from 'fast-check';
import { expect, it } from 'vitest';

import { planWaves } from './waves';

it('puts every row into exactly one wave within the limits, longest first', () => {
  const row = fc.record({ promptTokens: fc.integer({ min: 1, max: 300 }), maxNewTokens: fc.integer({ min: 0, max: 300 }) });
  const limits = { rows: 8, prefillTokens: 900, cacheTokens: 2000 };
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), rows => {
      const waves = planWaves(rows, limits);
      expect(waves.flat().sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
      for (const wave of waves) {
        expect(wave.length).toBeLessThanOrEqual(limits.rows);
        if (wave.length === 1) continue; // one row alone may exceed what a batch may hold
        expect(Math.max(...wave.map(i => rows[i]!.promptTokens)) * wave.length).toBeLessThanOrEqual(limits.prefillTokens);
        expect(Math.max(...wave.map(i => rows[i]!.promptTokens + rows[i]!.maxNewTokens)) * wave.length).toBeLessThanOrEqual(
          limits.cacheTokens,
        );
      }
      const lengths = waves.flat().map(i => rows[i]!.promptTokens);
      expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    }),
  );
});
