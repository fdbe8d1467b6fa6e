import fc from 'fast-check';
import { expect, it } from 'vitest';

import { byCompany, planWaves } from './waves';

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

it('parts rows by agent where there are many agents and rows enough', () => {
  const rows = (count: number, agents: number) =>
    Array.from({ length: count }, (_, i) => ({ i, agent: i % agents ? `agent ${i % agents}` : null }));
  const parted = (count: number, agents: number, most = 4) => byCompany(rows(count, agents), row => row.agent, most);
  expect(parted(24, 4)).toHaveLength(1);
  expect(parted(24, 6).map(part => [part.length, new Set(part.map(row => row.agent)).size])).toEqual([
    [12, 3],
    [12, 3],
  ]);
  expect(parted(6, 6)).toHaveLength(1);
  expect(parted(0, 1)).toEqual([[]]);
  expect(parted(24, 6, Infinity)).toHaveLength(1);
  for (const [count, agents] of [
    [17, 5],
    [90, 11],
    [8, 8],
  ] as const)
    expect(
      parted(count, agents)
        .flat()
        .map(row => row.i)
        .sort((a, b) => a - b),
    ).toEqual(rows(count, agents).map(row => row.i));
});
