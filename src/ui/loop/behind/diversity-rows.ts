// What lies behind a point of a diversity chart: per question, what the agents said and the figure that is averaged.
import type { RunState } from '../../../debate/fold';
import type { Measures } from '../../../experiment/records';
import { distanceIn } from '../../../metrics/distance';
import { agreementIn, answersIn, roundsOf, strategiesIn, strategyCountIn, type RoundAnswers } from '../../../metrics/diversity';
import type { Key } from '../../../tasks/question';
import type { DiversityId, DiversityLine } from '../diversity';

export interface DiversityRow {
  qid: string;
  text: string;
  truth: Key | null;
  /** [agents] what is shown of each: its strategy, its answer, or its words; null = none. */
  said: (string | null)[];
  /** The figure of this question; null = it has none and is not averaged. */
  value: number | null;
}

/** What a cell of an agent holds. */
export const saidIn: Record<DiversityId, 'strategy' | 'answer' | 'words'> = {
  strategies: 'strategy',
  answers: 'answer',
  consensus: 'answer',
  distance: 'words',
  nll: 'words',
};

function said(at: RoundAnswers, chart: DiversityId): (string | null)[] {
  switch (saidIn[chart]) {
    case 'strategy':
      return strategiesIn(at) ?? at.answers.map(() => null);
    case 'answer':
      return at.answers.map(({ key }) => key);
    case 'words':
      return at.answers.map(({ turn }) => turn?.text ?? null);
  }
}

function valueOf(at: RoundAnswers, chart: Exclude<DiversityId, 'nll'>): number | null {
  switch (chart) {
    case 'strategies':
      return strategyCountIn(at);
    case 'answers':
      return answersIn(at);
    case 'consensus':
      return agreementIn(at);
    case 'distance':
      return distanceIn(at);
  }
}

/**
 * Rows of the questions that a point averages over, in the order of the run.
 * @param scored questions whose last answers were scored (NLL)
 */
export function diversityRows(
  run: RunState,
  chart: DiversityId,
  line: DiversityLine,
  nll: Measures['nll'],
  scored: number,
): DiversityRow[] {
  const round = line.round === 'first' ? 1 : (run.start?.config.rounds ?? 1);
  const rounds = roundsOf(run, round);
  const surprise = new Map(nll?.rows?.map(row => [row.qid, line.id === 'nll-own' ? row.own : row.cross]));
  return (chart === 'nll' ? rounds.slice(0, scored) : rounds).map(at => {
    const { qid, text, truth } = at.question.question;
    return { qid, text, truth, said: said(at, chart), value: chart === 'nll' ? (surprise.get(qid) ?? null) : valueOf(at, chart) };
  });
}

export const orders = ['asked', 'least', 'most'] as const;
export type Order = (typeof orders)[number];
export const orderWords: Record<Order, string> = { asked: 'As asked', least: 'Least first', most: 'Most first' };

/** Rows without a figure stand last in either direction. */
export function sorted(rows: readonly DiversityRow[], order: Order): DiversityRow[] {
  if (order === 'asked') return [...rows];
  const sign = order === 'least' ? 1 : -1;
  return [...rows].sort((x, y) =>
    x.value === null || y.value === null ? Number(x.value === null) - Number(y.value === null) : sign * (x.value - y.value),
  );
}
