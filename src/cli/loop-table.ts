// What a loop says at the end: every iteration beside the base, with n and intervals, then what it was trained on.
import { selectionWords } from '../datasets/selection';
import type { LoopState } from '../experiment/fold';
import type { Accuracy } from '../metrics/accuracy';
import type { Mean } from '../metrics/diversity';
import { table } from './summary';

const cell = ({ k, n, share, low, high }: Accuracy): string =>
  n ? `${(share * 100).toFixed(1)} % [${(low * 100).toFixed(0)}, ${(high * 100).toFixed(0)}] (${k}/${n})` : '–';
/** Loops recorded by older versions have means alone. */
const number = ({ mean, low, high }: Mean, digits = 2): string => {
  if (mean === null) return '–';
  const interval = low == null || high == null ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return `${mean.toFixed(digits)}${interval}`;
};

export function loopTable(state: LoopState): string {
  const { config } = state.start!;
  const other = selectionWords(config.datasets.selection);
  const measured = state.iterations.filter(({ measured: done }) => done);
  const agents = config.debate.seats.length;
  const accuracy = measured.map(({ iteration, measured: done }) => {
    const { generator, majority, critic, debate } = done!.measures;
    return [String(iteration), cell(generator), cell(majority), cell(critic), cell(debate)];
  });
  const figures = measured.map(({ iteration, measured: done }) => ({ iteration: String(iteration), ...done!.measures }));
  const texts = figures.map(({ iteration, uniqueStrategies, uniqueAnswers, distance }) => [
    ...[iteration, number(uniqueStrategies[0]), number(uniqueAnswers[0]), number(distance, 3)],
  ]);
  const agreement = figures.map(({ iteration, consensus, nll }) => [
    ...[iteration, number(consensus[0]), number(consensus[1])],
    ...(nll ? [number(nll.own, 3), number(nll.cross, 3)] : ['–', '–']),
  ]);
  const training = state.iterations.slice(1).flatMap(({ iteration, collected, jobs, debated, evaluated }) => {
    if (!collected) return [];
    const { audit, sets } = collected;
    // The one model of a control has all rows in one set.
    const whole = sets.filter(({ shared }) => shared);
    const of = (role: string): string =>
      (whole.length ? whole : sets.filter(set => set.role === role))
        .map(({ size, minus, plus }) => (role === 'critic' ? (size ? `${minus}+${plus}` : '0') : String(size - minus - plus)))
        .join(' ');
    const ends = [...jobs.values()].flatMap(({ ended }) => ended ?? []);
    const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : (ms / 1000).toFixed(0));
    return [
      [
        String(iteration),
        audit ? `${audit.accepted.k}/${audit.accepted.n}` : '–',
        audit ? `${audit.right.k}/${audit.right.n}` : '–',
        of('generator'),
        of('critic'),
        String(ends.reduce((sum, { trainedTokens }) => sum + trainedTokens, 0)),
        `${seconds(debated?.ms)} / ${seconds(spanOf(ends))} / ${seconds(evaluated?.ms)}`,
      ],
    ];
  });
  const lines = [
    table([['iteration', 'one generator', `majority of ${agents}`, 'one critic', `debate, ${config.debate.rounds} rounds`], ...accuracy]),
    `Held-out questions, share right with Wilson 95 % interval. Answers of one question are counted as independent. Seed ${config.seed}, one seed.`,
    ...(other === null ? [] : [`Training rows: ${other}.`]),
    '',
    table([['iteration', 'strategies', 'answers', 'distance'], ...texts]),
    'Round 1, means per question with 95 % interval (bootstrap over questions); none where all questions are alike.',
    '',
    table([['iteration', 'consensus, round 1', 'last round', 'NLL own', 'NLL others'], ...agreement]),
    'NLL in nats per token of last answers, under the speaker and under the others.',
  ];
  if (training.length)
    lines.push(
      '',
      table([
        ['iteration', 'labels', 'right', 'generator rows', 'critic rows', 'trained tokens', 's debate / train / evaluate'],
        ...training,
      ]),
      'Labels accepted of the training questions, and right of the accepted; critic rows are corrected + kept.',
    );
  return lines.join('\n');
}

/** From the first job's first sign of work to the last job's end. */
const spanOf = (ends: readonly { ms: number; at: string }[]): number | undefined => {
  if (!ends.length) return undefined;
  const until = ends.map(({ at }) => Date.parse(at));
  return Math.max(...until) - Math.min(...ends.map(({ ms }, i) => until[i]! - ms));
};
