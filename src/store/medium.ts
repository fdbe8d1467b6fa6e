// Where the record is kept: on disk while the browser lets it be, in this tab's memory where not. Says which, and moves what waits to disk as soon
// as there is room again.
import type { Database, DatabaseEvents } from './database';
import { StoreError, asStoreError, isMediumFailure } from './errors';
import { memoryOnly, reasonOf, type StoreHealth } from './health';

/** What is written through the medium; it keeps what the medium refused. */
export interface Kept {
  /** Records that are in this tab only. */
  readonly unsaved: number;
  /** Tries again to write them. @returns whether all are on disk now @throws StoreError */
  flush(): Promise<boolean>;
}

export class Medium {
  #database: Database | null = null;
  #health: StoreHealth = { kind: 'durable' };
  readonly #listeners = new Set<(health: StoreHealth) => void>();

  /** @param kept all that is written through it, in the order in which what waits goes to disk */
  constructor(
    private readonly open: (on: DatabaseEvents) => Promise<Database>,
    private readonly kept: () => readonly Kept[],
  ) {}

  /** The open database; null = there is no connection. */
  get database(): Database | null {
    return this.#database?.open ? this.#database : null;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  /** @returns a function that ends the subscription */
  onHealth(listener: (health: StoreHealth) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the database is open, or it is clear that it will not be for now. */
  connect(): Promise<void> {
    return new Promise<void>((ready, fail) => {
      const opening = this.open({
        blocked: () => {
          this.#become(memoryOnly('blocked', this.#unsaved()));
          ready();
        },
        closed: () => this.#become(memoryOnly('closed', this.#unsaved())),
        terminated: reopened => (reopened ? void this.retry() : this.#become(memoryOnly('closed', this.#unsaved()))),
      });
      opening
        .then(database => {
          this.#database = database;
          return this.#flush();
        })
        .catch((error: unknown) => {
          if (error instanceof StoreError) this.#become(memoryOnly('unavailable', this.#unsaved()));
          else fail(error as Error);
        })
        .finally(ready);
    });
  }

  /**
   * Connects again where the connection was lost or refused, then tries to write what is in memory only; true = everything is durable now. What
   * cannot be written keeps the health as it is.
   */
  async retry(): Promise<boolean> {
    if (this.#database && !this.#database.open) {
      try {
        await this.#database.reopen();
      } catch (error) {
        if (error instanceof StoreError) return false;
        throw error;
      }
    }
    // A blocked opening goes on by itself: a second one would only wait behind it.
    else if (!this.#database && this.#health.kind === 'memory-only' && this.#health.reason !== 'blocked') await this.connect();
    return this.#flush();
  }

  /**
   * Writes through `write`; false = the medium failed and what was to be written stays in memory.
   * @param size records to be written; `waiting` of them are counted as unsaved already
   * @throws StoreError where the fault is not the medium's
   */
  async save(write: (database: Database) => Promise<unknown>, size: number, waiting: number): Promise<boolean> {
    const { database } = this;
    const others = this.#unsaved() - waiting;
    if (!database) return this.#keepInMemory(null, others + size);
    try {
      await write(database);
    } catch (failure) {
      const error = asStoreError(failure);
      if (!(error instanceof StoreError)) throw error;
      const keep = isMediumFailure(error) || (error.code === 'read-only' && database.newer);
      if (keep) return this.#keepInMemory(error, others + size);
      throw error;
    }
    if (others === 0) this.#become({ kind: 'durable' });
    // There was room for this one: perhaps for what waits of others too.
    else queueMicrotask(() => void this.#flush());
    return true;
  }

  close(): void {
    this.#database?.close();
  }

  async #flush(): Promise<boolean> {
    if (!this.database) return false;
    if (this.database.newer) {
      this.#become(memoryOnly('newer', this.#unsaved()));
      return false;
    }
    try {
      for (const part of this.kept()) if (!(await part.flush())) return false;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    if (this.#unsaved() > 0) return false;
    this.#become({ kind: 'durable' });
    return true;
  }

  #unsaved = (): number => this.kept().reduce((sum, { unsaved }) => sum + unsaved, 0);

  #become(health: StoreHealth): void {
    if (health.kind === 'durable' && this.#health.kind === 'durable') return;
    this.#health = health;
    for (const listener of this.#listeners) listener(health);
  }

  #keepInMemory(error: StoreError | null, unsaved: number): false {
    const reason = error ? reasonOf(error) : this.#health.kind === 'memory-only' ? this.#health.reason : 'closed';
    this.#become(memoryOnly(reason, unsaved));
    return false;
  }
}
