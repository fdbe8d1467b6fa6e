// Journals of one kind in the database: a header each, and its events in order.
import type { IDBPDatabase, IDBPObjectStore } from 'idb';
import type { Database, Stores, WriteTransaction } from './database';
import { StoreError } from './errors';
import { journalRecord, missing, type JournalHeader, type Kind } from './kind';

/** Headers and events of both kinds lie in stores of the same make; idb's types would have every line twice. */
type AnyStore = IDBPObjectStore<unknown, string[], string, 'readwrite'>;
const any = (tx: WriteTransaction, name: Stores): AnyStore => tx.objectStore(name) as unknown as AnyStore;

/** Events fetched at a time: unpacking and checking them stays far below what a reader would notice. */
const pageSize = 200;

/** @param past the event at `from` itself is left out */
const journalRange = (id: string, from = 0, past = false): IDBKeyRange => IDBKeyRange.bound([id, from], [id, Infinity], past);

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

  /**
   * As stored, of whatever schema, header and journal as of one moment; the events from `from` on come in pages, so that a long journal does
   * not hold the page up.
   * @throws StoreError 'missing'
   */
  walk = (id: string, from: number, header: (record: unknown) => void, page: (records: unknown[]) => void): Promise<void> =>
    this.#read(async database => {
      const tx = database.transaction(this.#stores);
      const record: unknown = await tx.objectStore(this.kind.stores.headers).get(id);
      if (record === undefined) throw missing(this.kind.key);
      header(record);
      const events = tx.objectStore(this.kind.stores.events);
      let range = journalRange(id, from);
      for (;;) {
        const records: unknown[] = await events.getAll(range, pageSize);
        page(records);
        if (records.length < pageSize) return;
        range = journalRange(id, (records.at(-1) as { seq: number }).seq, true);
      }
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
