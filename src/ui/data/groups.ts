// The list of sets, by where they come from: what was collected together stands together.
import type { SetRecord } from '../../store/set-records';

export interface Source {
  title: string;
  href: string | null;
}

export interface SetGroup extends Source {
  key: string;
  iteration: number;
  sets: SetRecord[];
}

/**
 * What was kept last stands first.
 * @param sourceOf title of a run or loop by its id; null = not in this browser
 */
export function groupSets(records: readonly SetRecord[], sourceOf: (record: SetRecord) => Source | null): SetGroup[] {
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
