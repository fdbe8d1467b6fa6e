// What a line chart draws: named lines of points, each point with its uncertainty, its n, and its sentence.

export interface Point {
  x: number;
  y: number;
  /** Interval, where there is one. */
  low: number | null;
  high: number | null;
  /** What the point says to those who do not see it, and in its tooltip; names n. */
  words: string;
}

export interface Series {
  id: string;
  /** Stands at the end of the line. */
  title: string;
  colour: string;
  dash: string | null;
  /** Index into the house's shapes: lines differ by more than colour. */
  shape: number;
  strong?: boolean;
  /** Many points: a mark shows when it is walked to or pointed at, the line alone otherwise. */
  quiet?: boolean;
  /** For comparison only: drawn behind, and lightly. */
  faint?: boolean;
  points: readonly Point[];
}

export interface Mark {
  series: number;
  point: number;
}

/** What an axis has to show: at least `least`, and every value. A range of nothing is widened to one that can be drawn. */
export function covering(least: readonly [number, number], values: readonly number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(least[0], ...known), Math.max(least[1], ...known)];
  return low < high ? [low, high] : [low, low + (Math.abs(low) || 1)];
}

/** Every height that lines reach, their intervals included. */
export const heights = (series: readonly Series[]): number[] =>
  series.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]));

/** Where an arrow key leads: along the line, or to the nearest point of the next line. Null for other keys. */
export function walk(series: readonly Series[], from: Mark, key: string): Mark | null {
  const line = series[from.series]?.points ?? [];
  const along = (point: number): Mark => ({ series: from.series, point: Math.max(0, Math.min(line.length - 1, point)) });
  const across = (step: number): Mark => {
    const drawn = series.map((one, i) => (one.points.length > 0 ? i : -1)).filter(i => i >= 0);
    const to = drawn[drawn.indexOf(from.series) + step];
    const x = line[from.point]?.x;
    if (to === undefined || x === undefined) return from;
    const distance = (p: Point): number => Math.abs(p.x - x);
    const points = series[to]!.points;
    return { series: to, point: points.indexOf(points.reduce((best, p) => (distance(p) < distance(best) ? p : best))) };
  };
  switch (key) {
    case 'ArrowRight':
      return along(from.point + 1);
    case 'ArrowLeft':
      return along(from.point - 1);
    case 'ArrowUp':
      return across(-1);
    case 'ArrowDown':
      return across(1);
    case 'Home':
      return along(0);
    case 'End':
      return along(line.length - 1);
    default:
      return null;
  }
}

/**
 * Moves labels apart so that none covers another, keeping their order and staying near where they want to be.
 * @param wanted centres, any order
 * @returns centres in the order of `wanted`, at least `gap` apart, within [from, to] where there is room
 */
export function spread(wanted: readonly number[], gap: number, from: number, to: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = from;
  for (const i of order) {
    placed[i] = Math.max(placed[i]!, floor);
    floor = placed[i]! + gap;
  }
  let ceiling = to;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i]!, ceiling);
    ceiling = placed[i]! - gap;
  }
  return placed;
}
