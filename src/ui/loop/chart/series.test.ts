import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covering, heights, spread, walk, type Series } from './series';
import { asCsv } from './table';

const line = (id: string, xs: number[]): Series => ({
  id,
  title: id,
  colour: 'red',
  dash: null,
  shape: 0,
  points: xs.map(x => ({ x, y: x, low: null, high: null, words: `${id} ${x}` })),
});

describe('walking a chart by keyboard', () => {
  const series = [line('a', [0, 1, 2]), line('empty', []), line('b', [1, 2, 3])];
  it('goes along a line and stops at its ends', () => {
    expect(walk(series, { series: 0, point: 0 }, 'ArrowRight')).toEqual({ series: 0, point: 1 });
    expect(walk(series, { series: 0, point: 2 }, 'ArrowRight')).toEqual({ series: 0, point: 2 });
    expect(walk(series, { series: 0, point: 2 }, 'Home')).toEqual({ series: 0, point: 0 });
  });
  it('crosses to the nearest point of the next drawn line', () => {
    expect(walk(series, { series: 0, point: 2 }, 'ArrowDown')).toEqual({ series: 2, point: 1 });
    expect(walk(series, { series: 2, point: 2 }, 'ArrowUp')).toEqual({ series: 0, point: 2 });
    expect(walk(series, { series: 2, point: 0 }, 'ArrowDown')).toEqual({ series: 2, point: 0 });
  });
  it('leaves other keys alone', () => expect(walk(series, { series: 0, point: 0 }, 'Tab')).toBeNull());
});

describe('labels at line ends', () => {
  it('stay apart, in order, and inside', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 8 }), wanted => {
        const placed = spread(wanted, 14, 0, 200);
        const sorted = [...placed].sort((a, b) => a - b);
        for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(14 - 1e-9);
        expect(sorted[0]).toBeGreaterThanOrEqual(0);
        expect(sorted.at(-1)).toBeLessThanOrEqual(200 + 1e-9);
        for (let i = 0; i < wanted.length; i++)
          for (let j = 0; j < wanted.length; j++) if (wanted[i]! < wanted[j]!) expect(placed[i]!).toBeLessThan(placed[j]!);
      }),
    );
  });
  it('leave those alone that have room', () => expect(spread([50, 10], 14, 0, 100)).toEqual([50, 10]));
});

describe('an axis', () => {
  it('reaches every value it is given, and shows at least what was asked for', () => {
    expect(covering([0.5, 1], [0.25, 0.9])).toEqual([0.25, 1]);
    expect(covering([0.5, 1], [0.6, 0.7])).toEqual([0.5, 1]);
    expect(covering([1, 3], [0.2, 3.4])).toEqual([0.2, 3.4]);
    expect(covering([0, 0], [Number.NaN, 2])).toEqual([0, 2]);
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), values => {
        const [low, high] = covering([0, 0], values);
        expect(low).toBeLessThan(high);
        for (const value of values) expect(value >= low && value <= high).toBe(true);
      }),
    );
  });
  it('has room for the intervals too', () => {
    const points = [{ x: 0, y: 0.25, low: 0.1, high: 0.4, words: '' }];
    expect(heights([{ ...line('a', []), points }, line('b', [2])])).toEqual([0.25, 0.1, 0.4, 2, 2, 2]);
  });
});

it('CSV quotes what needs it', () => expect(asCsv({ columns: ['a', 'b'], rows: [['x, "y"', '1']] })).toBe('a,b\n"x, ""y""",1\n'));
