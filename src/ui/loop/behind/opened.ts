// Which point of which figure has its rows open. One at a time: what is open belongs to one number.
import type { AgentName } from '../../../datasets/records';
import type { MeasureId } from '../accuracy';
import type { Mark, Series } from '../chart/series';
import type { DiversityId } from '../diversity';

/** `beside`: of the other loop that is drawn behind. */
export type OpenPoint = { beside?: true } & (
  | { figure: 'accuracy'; iteration: number; measure: MeasureId }
  | { figure: 'diversity'; iteration: number; chart: DiversityId; line: string }
  | { figure: 'labels'; iteration: number; line: string }
  | { figure: 'set'; iteration: number; agent: AgentName }
  /** Updates of a training, first and last; for `held-out` both are the number of updates before it was measured. */
  | { figure: 'loss'; iteration: number; agent: AgentName; line: 'training' | 'held-out'; from: number; to: number; loss: number }
  | { figure: 'cost'; iteration: number; part: 'spoken' | 'trained' }
);

const nameOf = (point: OpenPoint): string => Object.values(point).join(' ');

/** Chosen again, a point closes. */
export const toggled = (open: OpenPoint | null, point: OpenPoint): OpenPoint | null =>
  open && nameOf(open) === nameOf(point) ? null : point;

/** The mark that shows a line's point at an iteration; null where it is not drawn. */
export function markOf(series: readonly Series[], line: string, iteration: number): Mark | null {
  const at = series.findIndex(({ id }) => id === line);
  const point = series[at]?.points.findIndex(({ x }) => x === iteration) ?? -1;
  return point < 0 ? null : { series: at, point };
}
