// Rows taken out by hand: a new set with a name of its own. The whole one stays what it was.
import type { TrainingSet } from './records';
import { ownRealised, seal } from './seal';

/**
 * @param set a whole set, or one that was edited: the result then names the whole one, and all that is gone from it
 * @param hashes rows to leave out; an empty list gives the set itself
 */
export function excludeRows(set: TrainingSet, hashes: readonly string[]): TrainingSet {
  const out = new Set(hashes);
  const rows = set.rows.filter(row => !out.has(row.hash));
  if (rows.length === set.rows.length) return set;
  const { sha256, ownRealised: _, ...header } = set.header;
  const count = (kind: string): number => rows.filter(row => row.kind === kind).length;
  const [minus, plus] = [count('corrected'), count('kept')];
  return seal(
    {
      ...header,
      ...ownRealised(header.selection, header.agent, rows),
      size: rows.length,
      minus,
      plus,
      wRealised: header.wRealised === null || !rows.length ? null : minus / rows.length,
      skipped: rows.length ? header.skipped : 'every row was taken out by hand',
      edited: [...(header.edited ?? []), ...set.rows.filter(row => out.has(row.hash)).map(({ hash }) => hash)],
      original: header.original ?? sha256,
    },
    rows,
  );
}
