// Another loop drawn behind this one, faintly: a control, or the same with something changed, on the same held-out questions.
import type { LoopState } from '../../experiment/fold';
import type { Series } from './chart/series';
import type { Table } from './chart/table';
import type { LoopSource } from './source';

export interface Beside {
  /** Of the loop, or what kind of control it is. */
  name: string;
  state: LoopState;
  source: LoopSource;
}

/** Only loops that were judged by the same questions can be compared; null when they were. */
export function incomparable(loop: LoopState, other: LoopState): string | null {
  if (!loop.start || !other.start) return 'It has no beginning.';
  const of = ({ start }: LoopState): string => start!.evaluate.map(({ qid }) => qid).join('\n');
  if (of(loop) !== of(other)) return 'It was judged by other held-out questions, so its numbers cannot be set against these.';
  if (!other.iterations.some(({ measured }) => measured)) return 'Nothing of it has been measured yet.';
  return null;
}

/** Lines of the other loop: the same looks, drawn lightly. */
export const besideSeries = (series: readonly Series[], name: string): Series[] =>
  series.map(one => ({
    ...one,
    id: `beside ${one.id}`,
    title: `${name}: ${one.title}`,
    strong: false,
    faint: true,
    dash: '1 4',
    points: one.points.map(point => ({ ...point, low: null, high: null, words: `${name}. ${point.words}` })),
  }));

/** The same table with a column for each of these lines. */
export function withColumns({ columns, rows }: Table, series: readonly Series[], format: (y: number) => string): Table {
  const value = (one: Series, iteration: string): string => {
    const point = one.points.find(({ x }) => String(x) === iteration);
    return point ? format(point.y) : '';
  };
  return {
    columns: [...columns, ...series.map(({ title }) => title)],
    rows: rows.map(row => [...row, ...series.map(one => value(one, row[0]!))]),
  };
}
