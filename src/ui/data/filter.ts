// Which rows of a set are shown.
import type { DataRow } from '../../datasets/records';

export interface RowFilter {
  /** Empty = every kind. */
  kinds: ReadonlySet<DataRow['kind']>;
  speaker: number | null;
  text: string;
}

export const everything: RowFilter = { kinds: new Set(), speaker: null, text: '' };

export function filterRows(rows: readonly DataRow[], { kinds, speaker, text }: RowFilter): DataRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    row =>
      (!kinds.size || kinds.has(row.kind)) &&
      (speaker === null || row.speaker === speaker) &&
      (!wanted || row.messages.some(({ content }) => content.toLowerCase().includes(wanted))),
  );
}

/** What a line of the list shows: the last thing asked and the last thing said. */
export function lineOf({ messages }: DataRow): { asked: string; said: string } {
  const flat = (role: string): string => (messages.findLast(message => message.role === role)?.content ?? '').replace(/\s+/g, ' ').trim();
  return {
    asked:
      messages
        .find(({ role }) => role === 'user')
        ?.content.replace(/\s+/g, ' ')
        .trim() ?? '',
    said: flat('assistant'),
  };
}
