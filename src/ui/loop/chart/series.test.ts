import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread, walk, type Series } from './series';
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

it('CSV quotes what needs it', () => expect(asCsv({ columns: ['a', 'b'], rows: [['x, "y"', '1']] })).toBe('a,b\n"x, ""y""",1\n'));
