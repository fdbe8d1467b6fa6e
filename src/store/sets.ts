// Training sets in the record: kept by the hash of their rows, listed by the run or loop they came from.
import type { TrainingSet } from '../datasets/records';
import { parseTrainingSet } from '../datasets/schema';
import type { Changes } from './changes';
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
  constructor(
    private readonly documents: Documents,
    /** Heard in every tab; `set` is the hash of its rows. */
    readonly changes: Changes<'set'>,
  ) {}

  /**
   * Keeps sets with their rows; one that is there already stays as it is.
   * @param loop the loop they were collected in
   * @returns whether they are on disk; false = in this tab only, and the store's health says why
   */
  async save(sets: readonly TrainingSet[], loop?: string): Promise<boolean> {
    const at = new Date().toISOString();
    const fresh: { set: TrainingSet; record: SetRecord }[] = [];
    for (const set of sets) {
      const record = setRecord(set, at, loop);
      if ((await this.documents.get('sets', record.id)) === undefined) fresh.push({ set, record });
    }
    if (!fresh.length) return this.documents.unsaved === 0;
    const durable = await this.documents.put(
      fresh.flatMap(({ set, record }) => {
        const rows: SetRowsRecord = { schema: recordSchema, sha256: set.header.sha256, rows: set.rows };
        return [
          { store: 'sets', key: record.id, value: record },
          { store: 'setRows', key: rows.sha256, value: rows },
        ] as const;
      }),
    );
    for (const { set } of fresh) this.changes.tell('created', set.header.sha256, 0);
    return durable;
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

  /** Headers, apart from rows, in the order of iteration, role and agent; `at` tells when each was kept. */
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
    for (const { sha256 } of records) this.changes.tell('deleted', sha256, 0);
  }

  /** Forgets every set of these rows. */
  async delete(sha256: string): Promise<void> {
    await this.remove((await this.documents.all('sets', { field: 'sha256', is: sha256 })).map(upToDate));
  }
}

function whole(record: SetRecord, stored: unknown): TrainingSet {
  const { rows } = migrate(stored, setMigrations, recordSchema) as Partial<SetRowsRecord>;
  try {
    return checked(() => parseTrainingSet({ header: record.header, rows }), 'A training set');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StoreError('damaged', 'The rows of a training set are not those it was named after.', 'Collect it again.', error);
  }
}
