// Diversity over iterations, each figure named by what it measures. A collapse shows here before it shows in accuracy.
import type { LoopState } from '../../experiment/fold';
import type { Measures } from '../../experiment/records';
import type { Mean } from '../../metrics/diversity';
import { measuredIn } from './accuracy';
import type { Series } from './chart/series';
import type { Table } from './chart/table';
import { meanWords } from './words';

export interface SmallChart {
  id: string;
  heading: string;
  title: string;
  series: Series[];
  table: Table;
  domain: [number, number];
  digits: number;
}

interface Line {
  id: string;
  title: string;
  read: (measures: Measures) => Mean | null;
}

interface Plan {
  id: string;
  heading: string;
  about: string;
  unit: string;
  lines: readonly Line[];
  /** null = from the figures themselves. */
  domain: (agents: number) => [number, number] | null;
  digits: number;
}

const byRound = (id: string, read: (measures: Measures) => [Mean, Mean]): Line[] => [
  { id: `${id}-first`, title: 'first round', read: m => read(m)[0] },
  { id: `${id}-last`, title: 'last round', read: m => read(m)[1] },
];

const plans: readonly Plan[] = [
  {
    id: 'strategies',
    heading: 'Distinct strategies',
    about: 'ways of solving among the answers to one question',
    unit: 'per question',
    lines: byRound('strategies', m => m.uniqueStrategies),
    domain: agents => [1, agents],
    digits: 2,
  },
  {
    id: 'answers',
    heading: 'Distinct answers',
    about: 'different answers to one question',
    unit: 'per question',
    lines: byRound('answers', m => m.uniqueAnswers),
    domain: agents => [1, agents],
    digits: 2,
  },
  {
    id: 'consensus',
    heading: 'Consensus',
    about: 'share of agents that hold the most common answer',
    unit: 'of the agents',
    lines: byRound('consensus', m => m.consensus),
    domain: () => [0.4, 1],
    digits: 2,
  },
  {
    id: 'distance',
    heading: 'Distance of texts',
    about: '1 − overlap of token pairs between two first answers',
    unit: '',
    lines: [{ id: 'distance', title: 'first round', read: m => m.distance }],
    domain: () => [0, 1],
    digits: 3,
  },
  {
    id: 'nll',
    heading: 'Surprise (NLL)',
    about: 'nats per token of last answers, under their own agent and under the others',
    unit: 'nats per token',
    lines: [
      { id: 'nll-own', title: 'own', read: m => m.nll?.own ?? null },
      { id: 'nll-cross', title: 'others', read: m => m.nll?.cross ?? null },
    ],
    domain: () => null,
    digits: 3,
  },
];

const looks = [
  { colour: 'var(--ink-2)', dash: '2 3', shape: 1 },
  { colour: 'var(--accent)', dash: null, shape: 0 },
];

function chartOf(plan: Plan, state: LoopState): SmallChart | null {
  const all = measuredIn(state);
  const series = plan.lines.map((line, i): Series => ({
    id: line.id,
    title: line.title,
    ...(plan.lines.length === 1 ? looks[1]! : looks[i % 2]!),
    points: all.flatMap(({ iteration, measures }) => {
      const mean = line.read(measures);
      if (mean === null || mean.mean === null) return [];
      const words = `Iteration ${iteration}, ${line.title}: ${meanWords(mean, plan.digits)}.`;
      return [{ x: iteration, y: mean.mean, low: null, high: null, words }];
    }),
  }));
  const values = series.flatMap(({ points }) => points.map(({ y }) => y));
  if (values.length === 0) return null;
  const line = series.at(-1)!;
  const [first, last] = [line.points[0]!, line.points.at(-1)!];
  const n = plan.lines.at(-1)!.read(all.at(-1)!.measures)?.n ?? 0;
  const moved = first === last ? first.y.toFixed(plan.digits) : `${first.y.toFixed(plan.digits)} → ${last.y.toFixed(plan.digits)}`;
  return {
    id: plan.id,
    heading: plan.heading,
    title: `${moved} (${line.title}, n ${n}): ${plan.about}.`,
    series,
    table: {
      columns: ['iteration', ...plan.lines.flatMap(({ title }) => [title, 'n'])],
      rows: all.map(({ iteration, measures }) => [
        String(iteration),
        ...plan.lines.flatMap(({ read }) => {
          const mean = read(measures);
          return [mean?.mean?.toFixed(plan.digits) ?? '', String(mean?.n ?? 0)];
        }),
      ]),
    },
    domain: plan.domain(state.start?.config.debate.seats.length ?? 1) ?? [0, Math.max(...values) * 1.15 || 1],
    digits: plan.digits,
  };
}

/** Figures that were measured; one that a task cannot give (strategies) or nobody asked for (NLL) is left out. */
export const diversityCharts = (state: LoopState): SmallChart[] => plans.flatMap(plan => chartOf(plan, state) ?? []);
