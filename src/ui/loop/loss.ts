// The losses of one agent's training as a chart: every update, the rows held out, and the iterations before for comparison.
import type { AgentName } from '../../datasets/records';
import type { LoopState } from '../../experiment/fold';
import { lossEnds, type AgentRow } from './agents';
import type { Point, Series } from './chart/series';
import type { Table } from './chart/table';

/** Losses of one training, as far as they are known. */
export interface Curve {
  iteration: number;
  /** [updates] nats per token of each batch. */
  losses: readonly number[];
  /** Held-out rows, after that many updates. */
  validation: readonly { step: number; loss: number }[];
}

/** Trainings of an agent before an iteration, oldest first. */
export const earlierCurves = (state: LoopState, name: AgentName, iteration: number): Curve[] =>
  state.iterations.slice(1, iteration).flatMap(({ iteration: l, jobs }) => {
    const ended = jobs.get(name)?.ended;
    return ended?.outcome === 'succeeded' ? [{ iteration: l, losses: ended.losses, validation: ended.validation }] : [];
  });

/** Small losses differ in their third digit. */
export const nats = (loss: number): string => loss.toFixed(loss < 0.1 ? 3 : 2);

/** Beyond this many updates neighbours are drawn as their mean; the table keeps every one. */
const mostPoints = 200;

/** First of the updates that a point of the training line stands for. @param to the last of them @param updates drawn in all */
export function firstOf(to: number, updates: number): number {
  const width = Math.ceil(updates / mostPoints);
  return Math.floor((to - 1) / width) * width + 1;
}

function batchPoints(losses: readonly number[], who: string): Point[] {
  const width = Math.ceil(losses.length / mostPoints);
  const points: Point[] = [];
  for (let from = 0; from < losses.length; from += width) {
    // A loss that diverged is no number: the line ends there.
    const part = losses.slice(from, from + width).filter(Number.isFinite);
    if (part.length === 0) continue;
    const y = part.reduce((sum, loss) => sum + loss, 0) / part.length;
    const to = Math.min(from + width, losses.length);
    const at = width === 1 ? `Step ${to}` : `Steps ${from + 1} to ${to}, mean`;
    points.push({ x: to, y, low: null, high: null, words: `${at}${who}: training loss ${nats(y)}.` });
  }
  return points;
}

const heldOutPoints = (validation: Curve['validation'], who: string): Point[] =>
  validation
    .filter(({ loss }) => Number.isFinite(loss))
    .map(({ step, loss }) => ({
      x: step,
      y: loss,
      low: null,
      high: null,
      words: `Step ${step}${who}: loss of held-out rows ${nats(loss)}.`,
    }));

/** The lines of a training, then those of earlier ones, faint. */
export function lossSeries(curve: Curve, earlier: readonly Curve[]): Series[] {
  return [
    { id: 'training', title: 'training', colour: 'var(--ink-2)', dash: null, shape: 1, quiet: true, points: batchPoints(curve.losses, '') },
    {
      id: 'held-out',
      title: 'held out',
      ...{ colour: 'var(--accent)', dash: null, shape: 0, strong: true },
      points: heldOutPoints(curve.validation, ''),
    },
    ...earlier.flatMap(({ iteration, losses, validation }): Series[] => [
      {
        id: `training ${iteration}`,
        title: `iteration ${iteration}`,
        ...{ colour: 'var(--ink-3)', dash: '2 3', shape: 1, quiet: true, faint: true },
        points: batchPoints(losses, ` of iteration ${iteration}`),
      },
      {
        id: `held-out ${iteration}`,
        title: `held out, iteration ${iteration}`,
        ...{ colour: 'var(--accent)', dash: '2 3', shape: 0, quiet: true, faint: true },
        points: heldOutPoints(validation, ` of iteration ${iteration}`),
      },
    ]),
  ];
}

/** What the curve says, in one sentence. @param rows what the training has kept, when it is over */
export function lossTitle({ losses, validation }: Curve, total: number | null, ended: AgentRow['ended']): string {
  const ends = lossEnds(losses);
  if (!ends) return 'No update has been made yet.';
  const over = total !== null && total > losses.length ? `${losses.length} of ${total} updates so far` : `${losses.length} updates`;
  const some = losses.length >= 8 ? ', means of the first and the last few' : '';
  const trained = `Training loss ${nats(ends.from)} → ${nats(ends.to)} nats per token over ${over}${some}`;
  const [first, last] = [validation[0], validation.at(-1)];
  if (!first || !last) return `${trained}${ended ? '; no rows were held out' : ''}.`;
  const count = ended?.rows ? `${ended.rows.heldOut} held-out rows` : 'held-out rows';
  const path = first === last ? nats(last.loss) : `${nats(first.loss)} → ${nats(last.loss)}`;
  const best = validation.reduce((low, one) => (one.loss < low.loss ? one : low));
  // Where it was lower earlier, the last updates learnt the rows by heart.
  const after = best.loss < last.loss && best !== first ? `, lowest ${nats(best.loss)} after step ${best.step}` : '';
  return `${trained}; ${count} ${path}${after}.`;
}

/** Every update of every training; a cell is empty where nothing was measured. */
export function lossTable(curve: Curve, earlier: readonly Curve[]): Table {
  const all = [curve, ...earlier];
  const steps = new Set(all.flatMap(({ losses, validation }) => [...losses.map((_, i) => i + 1), ...validation.map(({ step }) => step)]));
  const number = (loss: number | undefined): string => (loss === undefined ? '' : loss.toFixed(5));
  return {
    columns: [
      'step',
      ...all.flatMap((_, i) => ['training', 'held out'].map(name => (i === 0 ? name : `${name}, iteration ${all[i]!.iteration}`))),
    ],
    rows: [...steps]
      .sort((a, b) => a - b)
      .map(step => [
        String(step),
        ...all.flatMap(({ losses, validation }) => [number(losses[step - 1]), number(validation.find(one => one.step === step)?.loss)]),
      ]),
  };
}
