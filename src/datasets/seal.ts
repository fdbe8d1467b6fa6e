// Names for what is trained: a row by its messages, a set by its rows. Whoever holds the rows can check the name.
import { hash128 } from '../tasks/hash';
import type { DataRow, Selection, SetRow, TrainMessage, TrainingSet } from './records';
import { sha256 } from './sha256';

/** JSON with sorted keys and without absent fields: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
}

/** A left-out weight means 1 on assistant turns, so both spellings name the same row. */
export const weightOf = ({ role, weight }: TrainMessage): 0 | 1 => (role === 'assistant' ? (weight ?? 1) : 0);

export const rowHash = (messages: readonly TrainMessage[]): string =>
  hash128(canonicalJson(messages.map(message => [message.role, message.content, weightOf(message)])));

export const setHash = (rows: readonly DataRow[]): string => sha256(canonicalJson(rows));

/** The realised β of a header, under cross-agent selection only. */
export const ownRealised = ({ by }: Selection, agent: number, rows: readonly DataRow[]): Pick<SetRow, 'ownRealised'> =>
  by === 'cross-agent' && rows.length ? { ownRealised: rows.filter(({ speaker }) => speaker === agent).length / rows.length } : {};

/** Puts the name of the rows into their header. */
export const seal = (header: Omit<SetRow, 'sha256'>, rows: DataRow[]): TrainingSet => ({
  header: { ...header, sha256: setHash(rows) },
  rows,
});

/** Whether a set is what its header says: for sets that come from a file or a disk. */
export const isIntact = ({ header, rows }: TrainingSet): boolean =>
  header.size === rows.length && header.sha256 === setHash(rows) && rows.every(row => row.hash === rowHash(row.messages));
