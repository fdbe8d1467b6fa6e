// Journals of one kind in the database: a header each, and its events in order.
import type { IDBPDatabase, IDBPObjectStore } from 'idb';
import type { Database, Stores, WriteTransaction } from './database';
import { StoreError } from './errors';
import { journalRecord, type JournalHeader, type Kind } from './kind';

/** Headers and events of both kinds lie in stores of the same make; idb's types would have every line twice. */
type AnyStore = IDBPObjectStore<unknown, string[], string, 'readwrite'>;
const any = (tx: WriteTransaction, name: Stores): AnyStore => tx.objectStore(name) as unknown as AnyStore;

export const journalRange = (id: string, from = 0): IDBKeyRange => IDBKeyRange.bound([id, from], [id, Infinity]);

export class JournalTable<E extends { type: string }, H extends JournalHeader> {
  readonly #stores: Stores[];

  constructor(
    private readonly database: Database,
    private readonly kind: Kind<E, H>,
  ) {
    this.#stores = [kind.stores.headers, kind.stores.events];
  }

  #read = <T>(work: (database: IDBPDatabase) => Promise<T>): Promise<T> =>
    this.database.read(database => work(database as unknown as IDBPDatabase));

  #deleted = (): StoreError => new StoreError('missing', `This ${this.kind.key} was deleted.`, 'Export what is on the screen.');

  /** As stored, of whatever schema, header and journal as of one moment; the header is undefined when there is none. */
  whole = (id: string): Promise<{ header: unknown; events: unknown[] }> =>
    this.#read(async database => {
      const tx = database.transaction(this.#stores);
      const [header, events] = await Promise.all([
        tx.objectStore(this.kind.stores.headers).get(id),
        tx.objectStore(this.kind.stores.events).getAll(journalRange(id)),
        tx.done,
      ]);
      return { header: header as unknown, events: events as unknown[] };
    });
  /** Headers as stored, of whatever schema. */
  headers = (): Promise<unknown[]> => this.#read(database => database.getAll(this.kind.stores.headers));
  header = (id: string): Promise<unknown> => this.#read(database => database.get(this.kind.stores.headers, id));

  /** @throws StoreError 'duplicate' when one of this id exists. */
  insert = (header: H, events: readonly E[]): Promise<void> =>
    this.database.write(this.#stores, async tx => ({
      result: undefined,
      requests: [
        any(tx, this.kind.stores.headers).add(header),
        ...events.map((event, seq) => any(tx, this.kind.stores.events).add(journalRecord(this.kind, this.kind.idOf(header), seq, event))),
      ],
    }));

  /**
   * Appends events at `expected`, which must be where the journal ends.
   * @throws StoreError 'missing', 'conflict' when another writer was faster, 'duplicate' when an event may stand only once, 'read-only'
   */
  append = (id: string, expected: number, events: readonly E[]): Promise<H> =>
    this.database.write(this.#stores, async tx => {
      const { kind } = this;
      const stored: unknown = await any(tx, kind.stores.headers).get(id);
      if (stored === undefined) throw this.#deleted();
      let header = kind.readHeader(stored);
      if (header.events !== expected)
        throw new StoreError('conflict', `Another tab wrote to this ${kind.key}.`, 'Reload to see what it holds now.');
      const requests: Promise<unknown>[] = events.map((event, at) =>
        any(tx, kind.stores.events).add(journalRecord(kind, id, expected + at, event)),
      );
      for (const event of events) header = kind.advance(header, event);
      requests.push(any(tx, kind.stores.headers).put(header));
      return { result: header, requests };
    });

  rename = (id: string, title: string): Promise<void> =>
    this.database.write(this.#stores, async tx => {
      const headers = any(tx, this.kind.stores.headers);
      const stored: unknown = await headers.get(id);
      if (stored === undefined) throw this.#deleted();
      return { result: undefined, requests: [headers.put({ ...this.kind.readHeader(stored), title })] };
    });

  remove = (id: string): Promise<void> =>
    this.database.write(this.#stores, async tx => ({
      result: undefined,
      requests: [any(tx, this.kind.stores.headers).delete(id), any(tx, this.kind.stores.events).delete(journalRange(id))],
    }));
}
