import { expect, it } from 'vitest';
import { attentionTables } from './tables';

it('rotates by position × frequency, and masks the future', () => {
  const { cos, sin, mask } = attentionTables(3, { headDim: 4, theta: 100 });
  // Frequencies 1 and 1/10.
  const angles = [0, 0, 1, 0.1, 2, 0.2];
  angles.forEach((angle, i) => {
    expect(cos[i]).toBeCloseTo(Math.cos(angle), 6);
    expect(sin[i]).toBeCloseTo(Math.sin(angle), 6);
  });
  expect([...mask]).toEqual([0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0]);
});
