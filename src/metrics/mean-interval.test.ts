import { describe, expect, it } from 'vitest';
import { meanInterval } from './mean-interval';

describe('a mean with its interval', () => {
  it('is the normal one over the values', () => {
    // Standard deviation of 0, 1, 0, 1 over n − 1: √(1/3); its share of the mean's error: √(1/12).
    const { mean, n, low, high } = meanInterval([0, 1, 0, 1], [-9, 9]);
    expect([mean, n]).toEqual([0.5, 4]);
    expect([low, high].map(x => x!.toFixed(4))).toEqual(['-0.0658', '1.0658']);
  });

  it('does not leave what the values can be', () =>
    expect(meanInterval([0, 1, 0, 1], [0, 1])).toEqual({ mean: 0.5, n: 4, low: 0, high: 1 }));

  it('is not claimed where nothing tells the spread', () => {
    expect(meanInterval([], [0, 1])).toEqual({ mean: null, n: 0, low: null, high: null });
    expect(meanInterval([0.4], [0, 1])).toEqual({ mean: 0.4, n: 1, low: null, high: null });
    expect(meanInterval([1 / 3, 1 / 3, 1 / 3], [0, 1])).toMatchObject({ n: 3, low: null, high: null });
  });
});
