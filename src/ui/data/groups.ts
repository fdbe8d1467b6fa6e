// The list of sets, by where they come from: what was collected together stands together.
import type { SetRow } from '../../datasets/records';

/** A set of the list, stored here or recorded; structurally the store's record. */
export interface SetEntry {
  id: string;
  sha256: string;
  /** When it was kept, ISO 8601. */
  at: string;
  /** The loop it was collected in; only then is there more than one iteration. */
  loop?: string;
  header: SetRow;
}

export interface Source {
  title: string;
  href: string | null;
}

export interface SetGroup extends Source {
  key: string;
  iteration: number;
  sets: SetEntry[];
}

/**
 * What was kept last stands first.
 * @param sourceOf title of a run or loop by its id; null = not in this browser
 */
export function groupSets(records: readonly SetEntry[], sourceOf: (record: SetEntry) => Source | null): SetGroup[] {
  const groups = new Map<string, SetGroup>();
  for (const record of records) {
    const { iteration, run } = record.header;
    const key = `${record.loop ?? run} ${iteration}`;
    const group = groups.get(key) ?? { key, iteration, sets: [], ...(sourceOf(record) ?? { title: run, href: null }) };
    group.sets.push(record);
    groups.set(key, group);
  }
  const newest = ({ sets }: SetGroup): string => sets.reduce((latest, { at }) => (at > latest ? at : latest), '');
  return [...groups.values()].sort((x, y) => (newest(x) < newest(y) ? 1 : newest(x) > newest(y) ? -1 : y.iteration - x.iteration));
}
