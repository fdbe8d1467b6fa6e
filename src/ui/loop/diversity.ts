// Diversity over iterations, each figure named by what it measures. A collapse shows here before it shows in accuracy.
import type { LoopState } from '../../experiment/fold';
import type { Measures } from '../../experiment/records';
import type { Mean } from '../../metrics/diversity';
import { measuredIn } from './accuracy';
import { covering, type Series } from './chart/series';
import type { Table } from './chart/table';
import { certaintyWords, meanWords } from './words';

export type DiversityId = 'strategies' | 'answers' | 'consensus' | 'distance' | 'nll';

export interface SmallChart {
  id: DiversityId;
  heading: string;
  title: string;
  series: Series[];
  table: Table;
  domain: [number, number];
  digits: number;
}

export interface DiversityLine {
  id: string;
  title: string;
  /** Whose answers it is about. */
  round: 'first' | 'last';
  read: (measures: Measures) => Mean | null;
}

export interface DiversityPlan {
  id: DiversityId;
  heading: string;
  about: string;
  lines: readonly DiversityLine[];
  /** What the axis shows at least; figures outside of it widen it. */
  domain: (agents: number) => [number, number];
  digits: number;
}

const byRound = (id: string, read: (measures: Measures) => [Mean, Mean]): DiversityLine[] => [
  { id: `${id}-first`, title: 'first round', round: 'first', read: m => read(m)[0] },
  { id: `${id}-last`, title: 'last round', round: 'last', read: m => read(m)[1] },
];

const plans: readonly DiversityPlan[] = [
  {
    id: 'strategies',
    heading: 'Distinct strategies',
    about: 'ways of solving among the answers to one question',
    lines: byRound('strategies', m => m.uniqueStrategies),
    domain: agents => [1, agents],
    digits: 2,
  },
  {
    id: 'answers',
    heading: 'Distinct answers',
    about: 'different answers to one question',
    lines: byRound('answers', m => m.uniqueAnswers),
    domain: agents => [1, agents],
    digits: 2,
  },
  {
    id: 'consensus',
    heading: 'Consensus',
    about: 'share of agents that hold the most common answer',
    lines: byRound('consensus', m => m.consensus),
    domain: () => [0.5, 1],
    digits: 2,
  },
  {
    id: 'distance',
    heading: 'Distance of texts',
    about: '1 − overlap of token pairs between two first answers',
    lines: [{ id: 'distance', title: 'first round', round: 'first', read: m => m.distance }],
    domain: () => [0, 1],
    digits: 3,
  },
  {
    id: 'nll',
    heading: 'Surprise (NLL)',
    about: 'nats per token of last answers, under their own agent and under the others',
    lines: [
      { id: 'nll-own', title: 'own', round: 'last', read: m => m.nll?.own ?? null },
      { id: 'nll-cross', title: 'others', round: 'last', read: m => m.nll?.cross ?? null },
    ],
    domain: () => [0, 0],
    digits: 3,
  },
];

const looks = [
  { colour: 'var(--ink-2)', dash: '2 3', shape: 1 },
  { colour: 'var(--accent)', dash: null, shape: 0 },
];

/** The figures of a chart and how it is read. */
export const diversityPlan = (id: DiversityId): DiversityPlan => plans.find(plan => plan.id === id)!;

/** Every height that is drawn. */
const figuresIn = (plan: DiversityPlan, state: LoopState): number[] =>
  measuredIn(state).flatMap(({ measures }) =>
    plan.lines.flatMap(({ read }) => {
      const { mean = null, low = null, high = null } = read(measures) ?? {};
      return [mean, low, high].flatMap(value => value ?? []);
    }),
  );

function chartOf(plan: DiversityPlan, state: LoopState, whole: LoopState): SmallChart | null {
  const all = measuredIn(state);
  const series = plan.lines.map((line, i): Series => ({
    id: line.id,
    title: line.title,
    ...(plan.lines.length === 1 ? looks[1]! : looks[i % 2]!),
    points: all.flatMap(({ iteration, measures }) => {
      const mean = line.read(measures);
      if (mean === null || mean.mean === null) return [];
      const words = `Iteration ${iteration}, ${line.title}: ${meanWords(mean, plan.digits)}.`;
      return [{ x: iteration, y: mean.mean, low: mean.low ?? null, high: mean.high ?? null, words }];
    }),
  }));
  // A line may be without points: one agent has no others to surprise.
  const line = series.findLast(({ points }) => points.length > 0);
  if (!line) return null;
  const [first, last] = [line.points[0]!, line.points.at(-1)!];
  const newest = plan.lines.find(({ id }) => id === line.id)!.read(all.at(-1)!.measures) ?? { mean: null, n: 0 };
  const moved = first === last ? first.y.toFixed(plan.digits) : `${first.y.toFixed(plan.digits)} → ${last.y.toFixed(plan.digits)}`;
  return {
    id: plan.id,
    heading: plan.heading,
    title: `${moved} (${line.title}, ${certaintyWords(newest, plan.digits)}): ${plan.about}.`,
    series,
    table: {
      columns: ['iteration', ...plan.lines.flatMap(({ title }) => [title, 'n', 'low', 'high'])],
      rows: all.map(({ iteration, measures }) => [
        String(iteration),
        ...plan.lines.flatMap(({ read }) => {
          const { mean = null, n = 0, low, high } = read(measures) ?? {};
          const text = (value: number | null | undefined): string => value?.toFixed(plan.digits) ?? '';
          return [text(mean), String(n), text(low), text(high)];
        }),
      ]),
    },
    domain: covering(plan.domain(state.start?.config.debate.seats.length ?? 1), figuresIn(plan, whole)),
    digits: plan.digits,
  };
}

/**
 * Figures that were measured; one that a task cannot give (strategies) or nobody asked for (NLL) is left out.
 * @param whole all that is known of the loop: the axes have room for it, so that a replay moves nothing it has drawn
 */
export const diversityCharts = (state: LoopState, whole = state): SmallChart[] => plans.flatMap(plan => chartOf(plan, state, whole) ?? []);
