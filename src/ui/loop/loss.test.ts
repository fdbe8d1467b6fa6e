import { describe, expect, it } from 'vitest';
import { heights } from './chart/series';
import { lossSeries, lossTable, lossTitle, type Curve } from './loss';

const curve: Curve = {
  iteration: 2,
  losses: [2, 1.5, 1.2, 1, 0.9, 0.8, 0.7, 0.6],
  validation: [
    { step: 0, loss: 1.8 },
    { step: 4, loss: 0.95 },
    { step: 8, loss: 1.1 },
  ],
};
const before: Curve = { iteration: 1, losses: [3, 2.5], validation: [{ step: 2, loss: 2.4 }] };
const ended = { rows: { trained: 40, heldOut: 8 } } as Parameters<typeof lossTitle>[2];

describe('the loss curve of a training', () => {
  it('draws every update and the held-out rows, and the iterations before it faintly', () => {
    const series = lossSeries(curve, [before]);
    expect(series.map(({ id, faint, points }) => [id, faint ?? false, points.length])).toEqual([
      ['training', false, 8],
      ['held-out', false, 3],
      ['training 1', true, 2],
      ['held-out 1', true, 1],
    ]);
    expect(series[0]!.points[7]).toMatchObject({ x: 8, y: 0.6, words: 'Step 8: training loss 0.60.' });
    expect(series[2]!.points[0]!.words).toBe('Step 1 of iteration 1: training loss 3.00.');
  });

  it('says where held-out rows were best when the end is worse', () => {
    expect(lossTitle(curve, null, ended)).toBe(
      'Training loss 1.75 → 0.65 nats per token over 8 updates, means of the first and the last few; 8 held-out rows 1.80 → 1.10, lowest 0.95 after step 4.',
    );
    expect(lossTitle({ ...curve, validation: [] }, 20, null)).toMatch(/over 8 of 20 updates so far, means .* few\.$/);
    expect(lossTitle({ ...curve, validation: [] }, null, ended)).toMatch(/; no rows were held out\.$/);
    expect(lossTitle({ iteration: 1, losses: [], validation: [] }, 20, null)).toBe('No update has been made yet.');
  });

  it('is the same as a table, with every update of every training', () => {
    const { columns, rows } = lossTable(curve, [before]);
    expect(columns).toEqual(['step', 'training', 'held out', 'training, iteration 1', 'held out, iteration 1']);
    expect(rows).toHaveLength(9);
    expect(rows[0]).toEqual(['0', '', '1.80000', '', '']);
    expect(rows[2]).toEqual(['2', '1.50000', '', '2.50000', '2.40000']);
  });

  it('draws neighbours of a long training as their mean, and no loss that is not a number', () => {
    const losses = Array.from({ length: 1001 }, (_, i) => (i === 1000 ? Number.NaN : i % 2));
    const [line] = lossSeries({ iteration: 1, losses, validation: [] }, []);
    expect(line!.points.length).toBeLessThanOrEqual(200);
    expect(line!.points[0]).toMatchObject({ x: 6, y: 0.5, words: 'Steps 1 to 6, mean: training loss 0.50.' });
    expect(heights([line!]).every(Number.isFinite)).toBe(true);
  });
});
