// A question of a batch as one row of the table: who answered what in which round, and what is worth looking at.
import type { RunConfig } from '../../debate/config';
import { voteOf } from '../../debate/decide';
import type { QuestionState } from '../../debate/fold';
import type { Key } from '../../tasks/question';
import { saidInRound } from '../theatre/cells';
import { answerTints } from '../theatre/tints';

export type CellState = { kind: 'waiting' } | { kind: 'answer'; key: Key | null; failed: boolean };

export interface BatchRow {
  qid: string;
  text: string;
  truth: Key | null;
  /** [round][agent] */
  cells: CellState[][];
  tints: ReadonlyMap<string, number>;
  /** Winner of the last round; undefined while the question is open. */
  winner: Key | null | undefined;
  flags: ReadonlySet<Flag>;
}

export const flags = ['flipped', 'split', 'unparsed', 'wrong'] as const;
export type Flag = (typeof flags)[number];

export const flagWords: Record<Flag, { label: string; about: string }> = {
  flipped: { label: 'Flipped', about: 'The vote changed between the first round and the last.' },
  split: { label: 'Split', about: 'The agents did not all give the same answer in the last round.' },
  unparsed: { label: 'Unparsed', about: 'At least one text holds no answer.' },
  wrong: { label: 'Wrong majority', about: 'The society decided for a wrong answer, or for none.' },
};

function flagsOf(config: RunConfig, state: QuestionState, cells: CellState[][]): Set<Flag> {
  const found = new Set<Flag>();
  const answers = cells.flat().filter(cell => cell.kind === 'answer');
  if (answers.some(cell => cell.key === null)) found.add('unparsed');
  const { vote, question } = state;
  if (!vote) return found;
  const first = voteOf(config, state, 1);
  if (first && config.rounds > 1 && first.winner !== vote.winner) found.add('flipped');
  const last = cells.at(-1) ?? [];
  if (new Set(last.map(cell => (cell.kind === 'answer' ? cell.key : null))).size > 1) found.add('split');
  if (question.truth !== null && vote.winner !== question.truth) found.add('wrong');
  return found;
}

function rowOf(config: RunConfig, state: QuestionState): BatchRow {
  const agents = config.seats.length;
  const cells = Array.from({ length: config.rounds }, (_, r) =>
    saidInRound(state, r + 1, agents).map((said): CellState =>
      said.kind === 'waiting'
        ? { kind: 'waiting' }
        : { kind: 'answer', key: said.kind === 'key' ? said.key : null, failed: said.kind === 'none' && said.failed },
    ),
  );
  const { question, vote } = state;
  return {
    qid: question.qid,
    text: question.text,
    truth: question.truth,
    cells,
    tints: answerTints(state, agents, config.rounds),
    winner: vote ? vote.winner : undefined,
    flags: flagsOf(config, state, cells),
  };
}

/** Rows as a function of question states that keeps what did not change: a live batch changes a few of its hundreds of questions per frame. */
export function rowMaker(config: RunConfig): (states: Iterable<QuestionState>) => BatchRow[] {
  const known = new Map<string, { from: QuestionState; row: BatchRow }>();
  return states =>
    [...states].map(state => {
      const kept = known.get(state.question.qid);
      // The text that is being spoken is not part of a row: only finished turns, failures and the vote are.
      if (kept && kept.from.turns === state.turns && kept.from.failed === state.failed && kept.from.vote === state.vote) return kept.row;
      const row = rowOf(config, state);
      known.set(state.question.qid, { from: state, row });
      return row;
    });
}

export interface RowFilter {
  flags: ReadonlySet<Flag>;
  search: string;
}

/** Rows that have all chosen flags and hold the searched text in their question or in an answer. */
export function filterRows(rows: readonly BatchRow[], { flags: wanted, search }: RowFilter): readonly BatchRow[] {
  const text = search.trim().toLowerCase();
  if (wanted.size === 0 && text === '') return rows;
  const holds = (row: BatchRow): boolean =>
    row.text.toLowerCase().includes(text) || row.cells.flat().some(cell => cell.kind === 'answer' && cell.key?.toLowerCase() === text);
  return rows.filter(row => [...wanted].every(flag => row.flags.has(flag)) && (text === '' || holds(row)));
}
