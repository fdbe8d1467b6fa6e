// The one connection to IndexedDB: opened without hanging, closed when a newer tab needs it, reopened once when the browser drops it.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb';
import type { RunEvent } from '../debate/events';
import { StoreError, asStoreError } from './errors';
import { readHeader } from './migrate';
import { advance, eventRecord, type EventRecord, type RunHeader } from './records';

/** The version only creates stores; the shape of a record is its own `schema`. */
export const databaseVersion = 1;

export interface PolylogueDatabase extends DBSchema {
  headers: { key: string; value: RunHeader };
  events: { key: [run: string, seq: number]; value: EventRecord; indexes: { once: [run: string, once: string] } };
}
type Connection = IDBPDatabase<PolylogueDatabase>;

export interface DatabaseEvents {
  /** Another tab holds an older version open; the opening goes on as soon as it closes. */
  blocked(): void;
  /** A newer version needs the database: this connection has been closed. */
  closed(): void;
  /** The browser dropped the connection; `reopened` tells whether a new one stands. */
  terminated(reopened: boolean): void;
}

function createStores(database: Connection): void {
  database.createObjectStore('headers', { keyPath: 'run' });
  const events = database.createObjectStore('events', { keyPath: ['run', 'seq'] });
  events.createIndex('once', ['run', 'once'], { unique: true });
}

const runRange = (run: string, from = 0): IDBKeyRange => IDBKeyRange.bound([run, from], [run, Infinity]);

export class Database {
  #connection: Connection | null;
  #reopened = false;

  private constructor(
    readonly name: string,
    readonly version: number,
    private readonly on: DatabaseEvents,
    /** True when the stored version is newer than ours: reading is all that is safe. */
    public newer: boolean,
    connection: Connection,
  ) {
    this.#connection = connection;
  }

  /** @throws StoreError 'disk' or 'closed' when the browser refuses to open a database at all. */
  static async open(name: string, version: number, on: DatabaseEvents): Promise<Database> {
    let self: Database | null = null;
    const hooks = {
      blocked: () => on.blocked(),
      // Closing lets running transactions end first, then lets the other tab in.
      blocking: (_from: number, _to: number | null, event: IDBVersionChangeEvent) => {
        (event.target as IDBDatabase).close();
        self?.close(true);
      },
      terminated: () => void self?.terminated(),
    };
    const connect = async (): Promise<{ connection: Connection; newer: boolean }> => {
      try {
        const connection = await openDB<PolylogueDatabase>(name, version, {
          ...hooks,
          upgrade: (database, from) => void (from < 1 && createStores(database)),
        });
        return { connection, newer: false };
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== 'VersionError') throw asStoreError(error);
        // Made by a newer version of the page: open it as it is.
        const connection = await openDB<PolylogueDatabase>(name, undefined, hooks);
        return { connection, newer: true };
      }
    };
    const { connection, newer } = await connect();
    self = new Database(name, version, on, newer, connection);
    self.#connect = connect;
    return self;
  }

  #connect: () => Promise<{ connection: Connection; newer: boolean }> = () => Promise.reject(new StoreError('closed', 'Not opened.'));

  get open(): boolean {
    return this.#connection !== null;
  }

  close(tell = false): void {
    this.#connection?.close();
    this.#connection = null;
    if (tell) this.on.closed();
  }

  private async terminated(): Promise<void> {
    this.#connection = null;
    // Once: a browser that drops the connection again is out of disk or shutting down.
    if (this.#reopened) return this.on.terminated(false);
    this.#reopened = true;
    try {
      const { connection, newer } = await this.#connect();
      this.#connection = connection;
      this.newer = newer;
      this.on.terminated(true);
    } catch {
      this.on.terminated(false);
    }
  }

  async #read<T>(work: (database: Connection) => Promise<T>): Promise<T> {
    if (!this.#connection) throw new StoreError('closed', 'The connection to the record was closed.', 'Reload the page.');
    try {
      return await work(this.#connection);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Runs `work` in one transaction; resolves when the browser has written it to disk, and leaves nothing behind when anything fails. */
  async #write<T>(
    work: (
      tx: IDBPTransaction<PolylogueDatabase, ('headers' | 'events')[], 'readwrite'>,
    ) => Promise<{ result: T; requests: Promise<unknown>[] }>,
  ): Promise<T> {
    return this.#read(async database => {
      if (this.newer) throw new StoreError('read-only', 'The record was made by a newer version.', 'Reload to update, or export the run.');
      const tx = database.transaction(['headers', 'events'], 'readwrite', { durability: 'strict' });
      // A failure below is thrown to the caller; this only keeps the same failure from being reported a second time as unhandled.
      tx.done.catch(() => undefined);
      try {
        const { result, requests } = await work(tx);
        await Promise.all([...requests, tx.done]);
        return result;
      } catch (error) {
        try {
          tx.abort();
        } catch {
          // Already aborted by the failed request.
        }
        throw error;
      }
    });
  }

  /** A run as stored, of whatever schema, header and journal as of one moment; the header is undefined when there is no such run. */
  whole = (run: string): Promise<{ header: unknown; events: unknown[] }> =>
    this.#read(async database => {
      const tx = database.transaction(['headers', 'events']);
      const [header, events] = await Promise.all([
        tx.objectStore('headers').get(run),
        tx.objectStore('events').getAll(runRange(run)),
        tx.done,
      ]);
      return { header, events };
    });
  /** Headers as stored, of whatever schema. */
  headers = (): Promise<unknown[]> => this.#read(database => database.getAll('headers'));
  header = (run: string): Promise<unknown> => this.#read(database => database.get('headers', run));
  /** Records with `seq >= from`, in order, of whatever schema. */
  events = (run: string, from = 0): Promise<unknown[]> => this.#read(database => database.getAll('events', runRange(run, from)));

  /** @throws StoreError 'duplicate' when a run of this id exists. */
  insert = (header: RunHeader, events: readonly RunEvent[]): Promise<void> =>
    this.#write(async tx => ({
      result: undefined,
      requests: [
        tx.objectStore('headers').add(header),
        ...events.map((event, seq) => tx.objectStore('events').add(eventRecord(header.run, seq, event))),
      ],
    }));

  /**
   * Appends events at `expected`, which must be where the journal ends.
   * @throws StoreError 'missing', 'conflict' when another writer was faster, 'duplicate' when an event may stand only once, 'read-only'
   */
  append = (run: string, expected: number, events: readonly RunEvent[]): Promise<RunHeader> =>
    this.#write(async tx => {
      const stored: unknown = await tx.objectStore('headers').get(run);
      if (stored === undefined) throw new StoreError('missing', 'This run was deleted.', 'Export what is on the screen.');
      let header = readHeader(stored);
      if (header.events !== expected)
        throw new StoreError('conflict', 'Another tab wrote to this run.', 'Reload to see what it holds now.');
      const requests: Promise<unknown>[] = events.map((event, at) => tx.objectStore('events').add(eventRecord(run, expected + at, event)));
      for (const event of events) header = advance(header, event);
      requests.push(tx.objectStore('headers').put(header));
      return { result: header, requests };
    });

  rename = (run: string, title: string): Promise<void> =>
    this.#write(async tx => {
      const stored: unknown = await tx.objectStore('headers').get(run);
      if (stored === undefined) throw new StoreError('missing', 'This run was deleted.');
      return { result: undefined, requests: [tx.objectStore('headers').put({ ...readHeader(stored), title })] };
    });

  remove = (run: string): Promise<void> =>
    this.#write(async tx => ({
      result: undefined,
      requests: [tx.objectStore('headers').delete(run), tx.objectStore('events').delete(runRange(run))],
    }));
}
