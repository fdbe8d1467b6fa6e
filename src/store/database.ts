// The one connection to IndexedDB: opened without hanging, closed when a newer tab needs it, reopened once when the browser drops it.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { RunEvent } from '../debate/events';
import type { LoopEvent } from '../experiment/records';
import type { AdapterFilesRecord, AdapterRecord } from './adapter-records';
import { StoreError, asStoreError } from './errors';
import type { JournalRecord } from './kind';
import type { LoopHeader } from './loop-records';
import type { MemoRecord } from './memo-records';
import type { RunHeader } from './records';
import type { SetRecord, SetRowsRecord } from './set-records';

/** The version only creates stores; the shape of a record is its own `schema`. */
export const databaseVersion = 2;

export interface PolylogueDatabase extends DBSchema {
  headers: { key: string; value: RunHeader };
  events: { key: [run: string, seq: number]; value: JournalRecord<RunEvent> & { run: string }; indexes: { once: [string, string] } };
  loops: { key: string; value: LoopHeader };
  loopEvents: { key: [loop: string, seq: number]; value: JournalRecord<LoopEvent> & { loop: string }; indexes: { once: [string, string] } };
  /** Headers of training sets; their rows apart, so that lists stay cheap. */
  sets: { key: string; value: SetRecord; indexes: { sha256: string; run: string; loop: string } };
  setRows: { key: string; value: SetRowsRecord };
  /** Facts of adapters; their files apart. */
  adapters: { key: string; value: AdapterRecord; indexes: { loop: string } };
  adapterFiles: { key: string; value: AdapterFilesRecord };
  memos: { key: string; value: MemoRecord };
}
export type Stores = StoreNames<PolylogueDatabase>;
type Connection = IDBPDatabase<PolylogueDatabase>;
/** A transaction over all stores named when it was opened; requests on others fail. */
export type WriteTransaction = IDBPTransaction<PolylogueDatabase, Stores[], 'readwrite'>;

export interface DatabaseEvents {
  /** Another tab holds an older version open; the opening goes on as soon as it closes. */
  blocked(): void;
  /** A newer version needs the database: this connection has been closed. */
  closed(): void;
  /** The browser dropped the connection; `reopened` tells whether a new one stands. */
  terminated(reopened: boolean): void;
}

/** `upgrades[n]` brings a database of version n to version n + 1. */
const upgrades: ((database: Connection) => void)[] = [
  database => {
    database.createObjectStore('headers', { keyPath: 'run' });
    database.createObjectStore('events', { keyPath: ['run', 'seq'] }).createIndex('once', ['run', 'once'], { unique: true });
  },
  database => {
    database.createObjectStore('loops', { keyPath: 'loop' });
    database.createObjectStore('loopEvents', { keyPath: ['loop', 'seq'] }).createIndex('once', ['loop', 'once'], { unique: true });
    const sets = database.createObjectStore('sets', { keyPath: 'id' });
    for (const field of ['sha256', 'run', 'loop'] as const) sets.createIndex(field, field);
    database.createObjectStore('setRows', { keyPath: 'sha256' });
    database.createObjectStore('adapters', { keyPath: 'id' }).createIndex('loop', 'loop');
    database.createObjectStore('adapterFiles', { keyPath: 'id' });
    database.createObjectStore('memos', { keyPath: 'key' });
  },
];

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
          upgrade: (database, from) => upgrades.slice(from, version).forEach(upgrade => upgrade(database)),
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

  /** Opens a closed connection again, for reading where a newer version has the database by now. @throws StoreError */
  async reopen(): Promise<void> {
    const { connection, newer } = await this.#connect();
    this.#connection = connection;
    this.newer = newer;
  }

  private async terminated(): Promise<void> {
    this.#connection = null;
    // Once: a browser that drops the connection again is out of disk or shutting down.
    if (this.#reopened) return this.on.terminated(false);
    this.#reopened = true;
    try {
      await this.reopen();
      this.on.terminated(true);
    } catch {
      this.on.terminated(false);
    }
  }

  /** @throws StoreError for whatever the browser refuses */
  async read<T>(work: (database: Connection) => Promise<T>): Promise<T> {
    if (!this.#connection) throw new StoreError('closed', 'The connection to the record was closed.', 'Reload the page.');
    try {
      return await work(this.#connection);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Runs `work` in one transaction; resolves when the browser has written it to disk, and leaves nothing behind when anything fails. */
  async write<T>(stores: Stores[], work: (tx: WriteTransaction) => Promise<{ result: T; requests: Promise<unknown>[] }>): Promise<T> {
    return this.read(async database => {
      if (this.newer) throw new StoreError('read-only', 'The record was made by a newer version.', 'Reload to update, or export it.');
      const tx = database.transaction(stores, 'readwrite', { durability: 'strict' });
      // A failure below is thrown to the caller; this only keeps the same failure from being reported a second time as unhandled.
      tx.done.catch(() => undefined);
      try {
        const { result, requests } = await work(tx);
        // All requests are made: the browser need not ask this page again before it commits, so that a tab that hangs now keeps no other waiting.
        tx.commit();
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
}
