import { expect, test } from 'vitest';
import { overSeeds, tQuantile } from './over-seeds';

test('mean, spread and interval are those of a t-test by hand', () => {
  const { seeds, mean, sd, low, high } = overSeeds([-2, 1, -3, 0.5, -1.5]);
  expect([seeds, mean]).toEqual([5, -1]);
  expect(sd).toBeCloseTo(1.6955825, 6);
  expect(low).toBeCloseTo(-3.105, 3);
  expect(high).toBeCloseTo(1.105, 3);
});

test('one seed has no spread, and equal seeds have none either', () => {
  expect(overSeeds([0.25])).toEqual({ seeds: 1, mean: 0.25, sd: null, low: null, high: null });
  expect(overSeeds([3, 3, 3])).toEqual({ seeds: 3, mean: 3, sd: 0, low: 3, high: 3 });
});

test('the quantiles fall towards the normal one, without a step behind the table', () => {
  const all = Array.from({ length: 200 }, (_, i) => tQuantile(i + 1));
  for (let i = 1; i < all.length; i++) expect(all[i]).toBeLessThan(all[i - 1]!);
  expect(tQuantile(11)).toBeCloseTo(2.201, 3);
  expect(tQuantile(30)).toBeCloseTo(2.042, 3);
  expect(tQuantile(120)).toBeCloseTo(1.98, 2);
});
