// Accuracy over iterations: the four numbers that say whether anything got better, and what to compare them with.
import type { LoopState, Measured } from '../../experiment/fold';
import type { Measures } from '../../experiment/records';
import type { Table } from './chart/table';
import type { Series } from './chart/series';
import { percent, points, shareWords } from './words';

export const measureIds = ['debate', 'majority', 'critic', 'generator'] as const;
export type MeasureId = (typeof measureIds)[number];

export interface MeasureWords {
  title: string;
  about: string;
}

export const measureWords = (agents: number): Record<MeasureId, MeasureWords> => ({
  debate: { title: 'debate', about: 'The vote over the last round: what the society decides.' },
  majority: { title: `majority@${agents}`, about: `The vote over the ${agents} first answers, without a debate.` },
  critic: { title: 'one critic', about: 'A single answer of the last round.' },
  generator: { title: 'one generator', about: 'A single first answer.' },
});

/** Lines differ by dash and shape; the one accent is the society's decision. */
const looks: Record<MeasureId, Pick<Series, 'colour' | 'dash' | 'shape' | 'strong'>> = {
  debate: { colour: 'var(--accent)', dash: null, shape: 0, strong: true },
  majority: { colour: 'var(--ink)', dash: null, shape: 2 },
  critic: { colour: 'var(--ink-2)', dash: '6 3', shape: 3 },
  generator: { colour: 'var(--ink-3)', dash: '2 3', shape: 1 },
};

export const measuredIn = (state: LoopState): Measured[] => state.iterations.flatMap(({ measured }) => measured ?? []);

const agentsOf = (state: LoopState): number => state.start?.config.debate.seats.length ?? 1;

export function accuracySeries(state: LoopState): Series[] {
  const words = measureWords(agentsOf(state));
  return measureIds.map(id => ({
    id,
    title: words[id].title,
    ...looks[id],
    points: measuredIn(state).map(({ iteration, measures }) => ({
      x: iteration,
      y: measures[id].share,
      low: measures[id].low,
      high: measures[id].high,
      words: `Iteration ${iteration}, ${words[id].title}: ${shareWords(measures[id])}, ${measures[id].unanswered} without an answer.`,
    })),
  }));
}

export function accuracyTable(state: LoopState): Table {
  const words = measureWords(agentsOf(state));
  return {
    columns: ['iteration', ...measureIds.flatMap(id => [words[id].title, 'right', 'of', 'low', 'high', 'no answer'])],
    rows: measuredIn(state).map(({ iteration, measures }) => [
      String(iteration),
      ...measureIds.flatMap(id => {
        const { share, k, n, low, high, unanswered } = measures[id];
        return [percent(share), String(k), String(n), percent(low), percent(high), String(unanswered)];
      }),
    ]),
  };
}

const change = (from: Measures, to: Measures, id: MeasureId): number => to[id].share - from[id].share;

/** The finding in one sentence. It claims nothing that one seed and these intervals do not carry. */
export function accuracyTitle(state: LoopState): string {
  const all = measuredIn(state);
  const first = all[0];
  const last = all.at(-1);
  if (!first || !last) return 'Nothing has been measured yet.';
  const { debate } = first.measures;
  const before = `Before any training the debate is right in ${percent(debate.share)} of ${debate.n} held-out questions`;
  if (first === last) return `${before}.`;
  const gained = change(first.measures, last.measures, 'debate');
  const single = change(first.measures, last.measures, 'generator');
  const after = `after iteration ${last.iteration} in ${percent(last.measures.debate.share)} (${points(gained)} points)`;
  // A gain that the last interval does not set apart from the start is not left standing as one.
  const apart = last.measures.debate.low > debate.share;
  const verdict = gained <= 0 ? ' Training did not help the debate.' : apart ? '' : ' So small a gain of the debate may be chance.';
  return `${before}, ${after}; one generator changes by ${points(single)} points.${verdict}`;
}
