// Records written once and whole. What the disk refuses stays in this tab, is found like the rest, and is written when there is room again.
import type { IDBPDatabase, IDBPObjectStore } from 'idb';
import type { Stores } from './database';
import type { Medium } from './medium';

export interface Put {
  store: Stores;
  key: string;
  value: object;
}

type AnyStore = IDBPObjectStore<unknown, string[], string, 'readwrite'>;

export class Documents {
  readonly #waiting = new Map<string, Put>();

  constructor(private readonly medium: Pick<Medium, 'database' | 'save'>) {}

  /** All of them or none. @returns whether they are on disk; false = in this tab only */
  async put(puts: readonly Put[]): Promise<boolean> {
    const durable = await this.#write(puts, 0);
    if (!durable) for (const put of puts) this.#waiting.set(nameOf(put), put);
    return durable;
  }

  async get(store: Stores, key: string): Promise<unknown> {
    const waiting = this.#waiting.get(nameOf({ store, key }));
    if (waiting) return waiting.value;
    return this.#read(database => database.get(store, key), undefined);
  }

  /** @param where field, which has an index, and its value; null = all */
  async all(store: Stores, where: { field: string; is: string } | null): Promise<unknown[]> {
    const stored = await this.#read<unknown[]>(
      database => (where ? database.getAllFromIndex(store, where.field, where.is) : database.getAll(store)),
      [],
    );
    const fits = ({ store: other, value }: Put) =>
      other === store && (!where || (value as Record<string, unknown>)[where.field] === where.is);
    return [...stored, ...[...this.#waiting.values()].filter(fits).map(put => put.value)];
  }

  async remove(places: readonly Pick<Put, 'store' | 'key'>[]): Promise<void> {
    for (const place of places) this.#waiting.delete(nameOf(place));
    const { database } = this.medium;
    if (!places.length || !database) return;
    await database.write([...new Set(places.map(({ store }) => store))], async tx => ({
      result: undefined,
      requests: places.map(({ store, key }) => (tx.objectStore(store) as unknown as AnyStore).delete(key)),
    }));
  }

  get unsaved(): number {
    return this.#waiting.size;
  }

  /** Tries again to write what is in this tab only. */
  async flush(): Promise<boolean> {
    const puts = [...this.#waiting.values()];
    if (!puts.length) return true;
    if (!(await this.#write(puts, puts.length))) return false;
    for (const put of puts) this.#waiting.delete(nameOf(put));
    return true;
  }

  #write = (puts: readonly Put[], waiting: number): Promise<boolean> =>
    this.medium.save(
      database =>
        database.write([...new Set(puts.map(({ store }) => store))], async tx => ({
          result: undefined,
          requests: puts.map(({ store, value }) => (tx.objectStore(store) as unknown as AnyStore).put(value)),
        })),
      puts.length,
      waiting,
    );

  async #read<T>(work: (database: IDBPDatabase) => Promise<T>, otherwise: T): Promise<T> {
    const { database } = this.medium;
    return database ? database.read(open => work(open as unknown as IDBPDatabase)) : otherwise;
  }
}

const nameOf = ({ store, key }: Pick<Put, 'store' | 'key'>): string => `${store} ${key}`;
