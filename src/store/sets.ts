// Training sets in the record: kept by the hash of their rows, listed by the run or loop they came from.
import type { TrainingSet } from '../datasets/records';
import { isIntact } from '../datasets/seal';
import { parseTrainingSet } from '../experiment/schema';
import type { Documents } from './documents';
import { StoreError } from './errors';
import { checked, migrate, type Migrations } from './migrate';
import { recordSchema } from './records';
import { setRecord, type SetRecord, type SetRowsRecord } from './set-records';

export interface SetFilter {
  run?: string;
  loop?: string;
}

export const setMigrations: Migrations = {};

const upToDate = (record: unknown): SetRecord => migrate(record, setMigrations, recordSchema) as unknown as SetRecord;

export class Sets {
  constructor(private readonly documents: Documents) {}

  /**
   * Keeps sets with their rows; one that is there already is written again, to no effect.
   * @param loop the loop they were collected in
   * @returns whether they are on disk; false = in this tab only, and the store's health says why
   */
  save(sets: readonly TrainingSet[], loop?: string): Promise<boolean> {
    return this.documents.put(
      sets.flatMap(set => {
        const record = setRecord(set, loop);
        const rows: SetRowsRecord = { schema: recordSchema, sha256: set.header.sha256, rows: set.rows };
        return [
          { store: 'sets', key: record.id, value: record },
          { store: 'setRows', key: rows.sha256, value: rows },
        ] as const;
      }),
    );
  }

  /** @returns null when there is none @throws StoreError 'damaged' when its rows are not those its name promises, 'read-only' */
  async read(sha256: string): Promise<TrainingSet | null> {
    const [[first], rows] = await Promise.all([
      this.documents.all('sets', { field: 'sha256', is: sha256 }),
      this.documents.get('setRows', sha256),
    ]);
    if (first === undefined || rows === undefined) return null;
    return whole(upToDate(first), rows);
  }

  /** Headers, apart from rows, in the order of iteration, role and agent. */
  async list(filter: SetFilter = {}): Promise<SetRecord[]> {
    const where =
      filter.run !== undefined ? { field: 'run', is: filter.run } : filter.loop !== undefined ? { field: 'loop', is: filter.loop } : null;
    const records = (await this.documents.all('sets', where)).map(upToDate);
    const own = filter.loop === undefined ? records : records.filter(({ loop }) => loop === filter.loop);
    const place = ({ header }: SetRecord): [number, string, number] => [
      header.iteration,
      header.role === 'generator' ? 'a' : 'b',
      header.agent,
    ];
    return own.sort((x, y) => {
      const [a, b] = [place(x), place(y)];
      return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0) || a[2] - b[2];
    });
  }

  /** Forgets sets; rows go when no other set has the same ones. */
  async remove(records: readonly SetRecord[]): Promise<void> {
    const going = new Set(records.map(({ id }) => id));
    const rows: string[] = [];
    for (const sha256 of new Set(records.map(record => record.sha256))) {
      const others = (await this.documents.all('sets', { field: 'sha256', is: sha256 })) as SetRecord[];
      if (others.every(({ id }) => going.has(id))) rows.push(sha256);
    }
    await this.documents.remove([
      ...[...going].map(key => ({ store: 'sets' as const, key })),
      ...rows.map(key => ({ store: 'setRows' as const, key })),
    ]);
  }
}

function whole(record: SetRecord, stored: unknown): TrainingSet {
  const { rows } = migrate(stored, setMigrations, recordSchema) as Partial<SetRowsRecord>;
  const set = checked(() => parseTrainingSet({ header: record.header, rows }), 'A training set');
  if (!isIntact(set)) throw new StoreError('damaged', 'The rows of a training set are not those it was named after.', 'Collect it again.');
  return set;
}
