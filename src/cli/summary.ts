// What a finished run says at the end: shares with n and intervals, round by round, then what the debate changed.
import { flipTable } from '../debate/flow';
import type { RunState } from '../debate/fold';
import { accuracyByRound, type Accuracy } from '../metrics/accuracy';
import { agreementIn, answersIn, roundsOf, strategyCountIn, strategyCounts, type Mean } from '../metrics/diversity';
import { meanInterval, type MeanInterval } from '../metrics/mean-interval';
import { extractionOf } from '../tasks/tasks';

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function accuracyRow(name: string, { k, n, share, low, high, unanswered }: Accuracy): string[] {
  if (!n) return [name, '–', '', '', ''];
  return [name, percent(share), `${k}/${n}`, `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)} %`, String(unanswered)];
}

const meanText = ({ mean }: Mean, digits = 2): string => (mean === null ? '–' : mean.toFixed(digits));

const intervalText = (value: MeanInterval): string =>
  value.low === null || value.high === null ? meanText(value) : `${meanText(value)} (${value.low.toFixed(2)}–${value.high.toFixed(2)})`;

/** Columns padded to their widest cell; the first one left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(row =>
      row
        .map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function summary(state: RunState): string {
  const { config, questions } = state.start!;
  const lines: string[] = [];
  const question = questions.length === 1 ? state.questions.get(questions[0]!.qid)! : null;
  if (question?.vote) {
    const { winner } = question.vote;
    const truth = question.question.truth;
    const verdict = truth === null ? 'right answer not known' : winner === truth ? 'right' : `wrong: it is ${truth}`;
    lines.push(`${question.question.text}\nDecision: ${winner ?? 'none'} (${verdict}). ${question.vote.rule}`, '');
  }
  const rounds = accuracyByRound(state);
  const rows = rounds.flatMap(({ round, vote, answers }) => [
    accuracyRow(`Round ${round}, single answers`, answers),
    accuracyRow(`Round ${round}, vote${round === config.rounds && round > 1 ? ' (the debate)' : ''}`, vote),
  ]);
  if (rounds.some(({ vote }) => vote.n)) lines.push(table([['', 'right', 'of n', '95 % (Wilson)', 'unanswered'], ...rows]), '');
  lines.push(
    table([
      ['', 'agreement', 'answers', 'strategies'],
      ...rounds.map(({ round }) => [
        `Round ${round}`,
        intervalText(meanInterval(roundsOf(state, round).map(agreementIn), [0, 1])),
        intervalText(meanInterval(roundsOf(state, round).map(answersIn), [0, config.seats.length])),
        intervalText(
          meanInterval(
            roundsOf(state, round).flatMap(at => strategyCountIn(at) ?? []),
            [0, config.seats.length],
          ),
        ),
      ]),
    ]),
    `Means over ${roundsOf(state, 1).length} questions, in brackets normal 95 % intervals: share of agents with the most common answer, distinct answers, distinct strategies.`,
    '',
  );
  const strategies = strategyCounts(state, 1);
  if (strategies.length) lines.push(`Strategies in round 1: ${strategies.map(([name, count]) => `${name} ${count}`).join(', ')}.`);
  if (config.rounds > 1) {
    const { corrected, lost, moved, held, 'held-right': right, 'held-wrong': wrong } = flipTable(state);
    lines.push(
      `Changes of mind: ${corrected} to right, ${lost} from right to wrong, ${moved} other; held: ${right} right, ${wrong} wrong, ${held} other.`,
    );
  }
  for (const task of new Set(questions.map(({ task: id }) => id))) lines.push(`How answers are read: ${extractionOf(task)}`);
  const { calls, failed, promptTokens, newTokens } = state.ledger;
  lines.push(
    `${calls} calls${failed ? ` (${failed} failed)` : ''}, ${promptTokens} prompt tokens, ${newTokens} new tokens. Seed ${config.seed}, one seed.`,
  );
  return lines.join('\n');
}
