// Pseudo-labels and the sets made of them, iteration by iteration: what the society agreed on, and how much of that was right.
import { agentName, type AgentName, type SetRow } from '../../datasets/records';
import type { Collected, LoopState } from '../../experiment/fold';
import type { Series } from './chart/series';
import type { Table } from './chart/table';
import { percent, shareWords } from './words';

export const collectedIn = (state: LoopState): Collected[] => state.iterations.flatMap(({ collected }) => collected ?? []);

const line = (id: string, title: string, look: Pick<Series, 'colour' | 'dash' | 'shape' | 'strong'>, points: Series['points']): Series => ({
  id,
  title,
  ...look,
  points,
});

/** Accepted and right shares; empty where no truth is known, since then nothing is audited. */
export function labelSeries(state: LoopState): Series[] {
  const audits = collectedIn(state).flatMap(({ iteration, audit }) => (audit ? [{ iteration, audit }] : []));
  const point = (iteration: number, title: string, share: (typeof audits)[number]['audit']['right']) => ({
    x: iteration,
    y: share.share,
    low: share.low,
    high: share.high,
    words: `Iteration ${iteration}, ${title}: ${shareWords(share)}.`,
  });
  return [
    line(
      'right',
      'right',
      { colour: 'var(--accent)', dash: null, shape: 0, strong: true },
      audits.filter(({ audit }) => audit.right.n > 0).map(({ iteration, audit }) => point(iteration, 'labels that are right', audit.right)),
    ),
    line(
      'accepted',
      'accepted',
      { colour: 'var(--ink-2)', dash: '2 3', shape: 1 },
      audits.map(({ iteration, audit }) => point(iteration, 'questions with a label', audit.accepted)),
    ),
  ];
}

export function labelTitle(state: LoopState): string {
  const collected = collectedIn(state);
  const last = collected.at(-1);
  if (!last) return 'No labels have been made yet: they come from the votes of iteration 1.';
  if (!last.audit) return 'The right answers are not known, so nobody can say how many labels are right.';
  const { accepted, right } = last.audit;
  const first = collected[0]!.audit;
  const before = first && first !== last.audit ? ` (${percent(first.right.share)} in iteration ${collected[0]!.iteration})` : '';
  return `Iteration ${last.iteration}: ${accepted.k} of ${accepted.n} training questions got a label; ${percent(right.share)} of ${right.n} labels are right${before}. Training never sees this.`;
}

export const labelTable = (state: LoopState): Table => ({
  columns: [
    'iteration',
    'questions',
    'labelled',
    'right',
    'right share',
    'unparsed answers',
    'questions by votes of the top answer (0, 1, …)',
  ],
  rows: collectedIn(state).flatMap(({ iteration, audit }) =>
    audit
      ? [
          [
            String(iteration),
            String(audit.accepted.n),
            String(audit.accepted.k),
            String(audit.right.k),
            percent(audit.right.share),
            `${audit.unparsed.k} of ${audit.unparsed.n}`,
            audit.votes.join(' · '),
          ],
        ]
      : [],
  ),
});

const sum = (sets: readonly SetRow[], read: (set: SetRow) => number): number => sets.reduce((total, set) => total + read(set), 0);

/** One number of the table of sizes, and whose set it counts rows of. */
export interface SizeCell {
  agent: AgentName;
  rows: number;
}

export interface SizeRow {
  iteration: number;
  /** Per agent, A first. */
  first: SizeCell[];
  minus: SizeCell[];
  plus: SizeCell[];
  /** null = no critic set was made. */
  w: number | null;
  skipped: { who: string; reason: string }[];
}

/** @param name how an agent is called */
export function sizeRows(state: LoopState, name: (set: SetRow) => string): SizeRow[] {
  return collectedIn(state).map(({ iteration, sets }) => {
    const of = (role: SetRow['role']): SetRow[] => sets.filter(set => set.role === role).sort((a, b) => a.agent - b.agent);
    const whole = of('generator').filter(({ shared }) => shared);
    const critics = whole.length > 0 ? whole : of('critic');
    const cells = (of: readonly SetRow[], read: (set: SetRow) => number): SizeCell[] =>
      of.map(set => ({ agent: agentName(set.role, set.agent), rows: read(set) }));
    const mixed = sum(critics, set => set.minus + set.plus);
    return {
      iteration,
      first: cells(of('generator'), ({ size, minus, plus }) => size - minus - plus),
      minus: cells(critics, ({ minus }) => minus),
      plus: cells(critics, ({ plus }) => plus),
      w: mixed ? sum(critics, set => set.minus) / mixed : null,
      skipped: sets.flatMap(set => (set.skipped === null ? [] : [{ who: name(set), reason: set.skipped }])),
    };
  });
}

export interface CostRow {
  iteration: number;
  calls: number;
  newTokens: number;
  trainedTokens: number;
  /** Trained numbers × trained tokens, summed over agents: what equal training budgets are compared by. */
  work: number;
  speakSeconds: number;
  trainSeconds: number;
}

export function costRows(state: LoopState): CostRow[] {
  return state.iterations.map(it => {
    const debates = [it.debated, it.evaluated].flatMap(one => one ?? []);
    const ends = [...it.jobs.values()].flatMap(({ ended }) => ended ?? []);
    const add = <T>(list: readonly T[], read: (item: T) => number): number => list.reduce((total, item) => total + read(item), 0);
    return {
      iteration: it.iteration,
      calls: add(debates, ({ calls }) => calls),
      newTokens: add(debates, ({ newTokens }) => newTokens),
      trainedTokens: add(ends, ({ trainedTokens }) => trainedTokens),
      work: add(ends, ({ trainedTokens, trainedParameters }) => trainedTokens * trainedParameters),
      speakSeconds: add(debates, ({ ms }) => ms) / 1000,
      trainSeconds: add(ends, ({ ms }) => ms) / 1000,
    };
  });
}
