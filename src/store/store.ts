// The record of all runs in this browser. Durable where the browser lets it be, from memory where not, and honest about which.
import type { RunEvent, RunFile } from '../debate/events';
import type { RunStart } from '../debate/fold';
import { Changes, type RunChange } from './changes';
import { Database, databaseVersion } from './database';
import { StoreError, asStoreError, isMediumFailure } from './errors';
import { memoryOnly, reasonOf, type StoreHealth } from './health';
import { Journal, type Receipt, type Save } from './journal';
import { hold, pageLocks, type Hold, type Locks } from './locks';
import { readHeader, schemaOf } from './migrate';
import { headerOf, type RunHeader } from './records';
import { asRunFile, readStored, type ExportedRun, type StoredRun } from './read';

export interface StoreOptions {
  name?: string;
  version?: number;
  locks?: Locks | null;
}

/** A row of the list of runs. `header` is null when this version cannot read it; it can still be exported and deleted. */
export interface ListedRun {
  run: string;
  title: string;
  at: string;
  state: 'ok' | 'newer' | 'damaged';
  header: RunHeader | null;
  /** Events that are in this tab only. */
  unsaved: number;
}

interface OpenRun {
  journal: Journal;
  hold: Hold | null;
}

const closed = () => new StoreError('closed', 'There is no connection to the record.', 'Close other Polylogue tabs, or reload this one.');
const takenOver = () => new StoreError('busy', 'Another tab took this run over.', 'Follow it here, or take it back.');

export class RunStore {
  readonly changes: Changes;
  #database: Database | null = null;
  #health: StoreHealth = { kind: 'durable' };
  readonly #healthListeners = new Set<(health: StoreHealth) => void>();
  readonly #open = new Map<string, Promise<OpenRun>>();
  /** The settled ones of `#open`, for reading without waiting. */
  readonly #journals = new Map<string, Journal>();

  private constructor(
    private readonly name: string,
    private readonly locks: Locks | null,
  ) {
    this.changes = new Changes(`${name}:runs`);
  }

  /** Never hangs: when another tab blocks the opening, the store starts in memory and becomes durable once that tab is closed. */
  static async open({ name = 'polylogue', version = databaseVersion, locks = pageLocks() }: StoreOptions = {}): Promise<RunStore> {
    const store = new RunStore(name, locks);
    await new Promise<void>((ready, fail) => {
      const opening = Database.open(name, version, {
        blocked: () => {
          store.#become(memoryOnly('blocked', 0));
          ready();
        },
        closed: () => store.#become(memoryOnly('closed', store.#unsaved())),
        terminated: reopened => (reopened ? void store.retry() : store.#become(memoryOnly('closed', store.#unsaved()))),
      });
      opening
        .then(async database => {
          store.#database = database;
          if (database.newer) store.#become(memoryOnly('newer', 0));
          else await store.retry();
        })
        .catch((error: unknown) => {
          if (error instanceof StoreError) store.#become(memoryOnly('unavailable', store.#unsaved()));
          else fail(error as Error);
        })
        .finally(ready);
    });
    return store;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  /** @returns a function that ends the subscription */
  onHealth(listener: (health: StoreHealth) => void): () => void {
    this.#healthListeners.add(listener);
    return () => this.#healthListeners.delete(listener);
  }

  /** Starts a journal with its first event and claims the run for this tab. @throws StoreError 'duplicate' */
  async createRun(start: RunStart): Promise<Receipt> {
    if (this.#open.has(start.run)) throw new StoreError('duplicate', 'A run of this id exists.');
    const opening = this.#claim(start.run, false, () => {
      const journal = new Journal(headerOf(start), 0, this.#save);
      journal.begin(start);
      return Promise.resolve(journal);
    });
    const { journal } = await opening;
    try {
      const durable = await journal.flush();
      this.changes.tell('created', start.run, 1);
      return { seq: 0, durable };
    } catch (error) {
      await this.#forget(start.run);
      throw error;
    }
  }

  /**
   * Appends one event; resolves when it is on disk, or when it is in memory and the health says so.
   * The first append claims the run for this tab.
   * @throws StoreError 'busy' while another tab writes to the run, 'duplicate', 'missing', 'conflict', 'read-only', 'closed'
   */
  async append(run: string, event: RunEvent): Promise<Receipt> {
    const { journal } = await this.#writer(run, false);
    const receipt = await journal.append(event);
    this.changes.tell('appended', run, receipt.seq + 1);
    if (event.type === 'run-finished') await this.release(run);
    return receipt;
  }

  /** The `journal` argument of a debate. */
  journal =
    (run: string) =>
    async (event: RunEvent): Promise<void> =>
      void (await this.append(run, event));

  /** Makes this tab the writer of a run. @param steal takes it from the tab that is. @throws StoreError 'busy', 'missing', 'read-only' */
  async claim(run: string, steal = false): Promise<void> {
    await this.#writer(run, steal);
  }

  /** Lets other tabs write to the run: call when a debate is paused or stopped. What is unsaved stays in memory and claimed. */
  async release(run: string): Promise<void> {
    const opened = await this.#open.get(run)?.catch(() => null);
    await opened?.journal.idle();
    if (opened && opened.journal.unsaved.length === 0) await this.#forget(run);
  }

  /** Every run, newest first; reads headers only. */
  async listRuns(): Promise<ListedRun[]> {
    const listed = new Map<string, ListedRun>();
    if (this.#database?.open)
      for (const record of await this.#database.headers()) {
        const row = listedRun(record);
        listed.set(row.run, row);
      }
    for (const [run, { header, unsaved }] of this.#journals)
      if (unsaved.length > 0) listed.set(run, { run, title: header.title, at: header.at, state: 'ok', header, unsaved: unsaved.length });
    return [...listed.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  }

  /** @throws StoreError 'missing', 'damaged', 'read-only' when a newer version wrote what this one cannot show, 'closed' */
  async readRun(run: string): Promise<StoredRun> {
    const journal = this.#journals.get(run);
    if (journal && journal.saved === 0) return { header: journal.header, events: [...journal.unsaved], readOnly: false };
    const stored = readStored(await this.#whole(run));
    if (!journal || journal.unsaved.length === 0) return stored;
    return { ...stored, header: journal.header, events: [...stored.events, ...journal.unsaved] };
  }

  /** @throws StoreError 'missing', 'read-only' */
  async renameRun(run: string, title: string): Promise<void> {
    const journal = this.#journals.get(run);
    journal?.rename(title);
    if (!journal || journal.saved > 0) await this.#connected().rename(run, title);
    this.changes.tell('renamed', run, journal?.header.events ?? 0);
  }

  async deleteRun(run: string): Promise<void> {
    const journal = this.#journals.get(run);
    journal?.revoke(new StoreError('missing', 'This run was deleted.'));
    await journal?.idle();
    if (!journal || journal.saved > 0) await this.#connected().remove(run);
    await this.#forget(run);
    this.changes.tell('deleted', run, 0);
    // Room may have been made.
    await this.retry();
  }

  /** The run as a file's content, under its present title; what this version cannot read is handed out as it is stored. */
  async exportRun(run: string): Promise<RunFile | ExportedRun> {
    const journal = this.#journals.get(run);
    if (journal && journal.saved === 0) return asRunFile(journal.header, [...journal.unsaved]);
    const whole = await this.#whole(run);
    try {
      const { header, events } = readStored(whole);
      return asRunFile(journal?.header ?? header, [...events, ...(journal?.unsaved ?? [])]);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const raw = whole.events.map(record => (record as { event?: unknown }).event);
      return { polylogue: 'run', schema: schemaOf(whole.header), events: raw };
    }
  }

  /** Writes a run that came from elsewhere; see `import.ts` for the rules. @throws StoreError 'duplicate' */
  async insertRun(header: RunHeader, events: readonly RunEvent[]): Promise<void> {
    await this.#connected().insert(header, events);
    this.changes.tell('created', header.run, events.length);
  }

  /** Tries to write what is in memory only; true = everything is durable now. What cannot be written keeps the health as it is. */
  async retry(): Promise<boolean> {
    if (!this.#database?.open || this.#database.newer) return false;
    try {
      for (const journal of this.#journals.values()) if (!(await journal.flush())) return false;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    if (this.#unsaved() > 0) return false;
    this.#become({ kind: 'durable' });
    return true;
  }

  async close(): Promise<void> {
    for (const run of [...this.#open.keys()]) await this.#forget(run);
    this.changes.close();
    this.#database?.close();
  }

  #connected(): Database {
    if (!this.#database?.open) throw closed();
    return this.#database;
  }

  async #whole(run: string): Promise<{ header: unknown; events: unknown[] }> {
    const whole = await this.#connected().whole(run);
    if (whole.header === undefined) throw new StoreError('missing', 'There is no such run.');
    return whole;
  }

  #unsaved(): number {
    let sum = 0;
    for (const { unsaved } of this.#journals.values()) sum += unsaved.length;
    return sum;
  }

  #become(health: StoreHealth): void {
    if (health.kind === 'durable' && this.#health.kind === 'durable') return;
    this.#health = health;
    for (const listener of this.#healthListeners) listener(health);
  }

  #writer = (run: string, steal: boolean): Promise<OpenRun> =>
    this.#claim(run, steal, async () => {
      const stored = await this.#connected().header(run);
      if (stored === undefined) throw new StoreError('missing', 'There is no such run.');
      const header = readHeader(stored);
      return new Journal(header, header.events, this.#save);
    });

  #claim(run: string, steal: boolean, load: () => Promise<Journal>): Promise<OpenRun> {
    const known = this.#open.get(run);
    if (known) return known;
    const opening = (async (): Promise<OpenRun> => {
      const lost = () => {
        this.#journals.get(run)?.revoke(takenOver());
        this.#open.delete(run);
        this.#journals.delete(run);
      };
      const held = this.locks ? await hold(this.locks, `${this.name}:run:${run}`, steal, lost) : null;
      if (this.locks && !held) throw new StoreError('busy', 'Another tab is writing to this run.', 'Follow it here, or take it over.');
      try {
        const journal = await load();
        this.#journals.set(run, journal);
        return { journal, hold: held };
      } catch (error) {
        held?.release();
        throw error;
      }
    })();
    this.#open.set(run, opening);
    opening.catch(() => {
      if (this.#open.get(run) === opening) this.#open.delete(run);
    });
    return opening;
  }

  async #forget(run: string): Promise<void> {
    const opened = await this.#open.get(run)?.catch(() => null);
    this.#open.delete(run);
    this.#journals.delete(run);
    opened?.hold?.release();
  }

  #save: Save = async (header, saved, events) => {
    const database = this.#database;
    const others = this.#unsaved() - (this.#journals.get(header.run)?.unsaved.length ?? 0);
    if (!database?.open) return this.#keepInMemory(null, others + events.length);
    try {
      if (saved === 0) await database.insert(header, events);
      else await database.append(header.run, saved, events);
    } catch (failure) {
      const error = asStoreError(failure);
      if (!(error instanceof StoreError)) throw error;
      const keep = isMediumFailure(error) || (error.code === 'read-only' && database.newer);
      if (keep) return this.#keepInMemory(error, others + events.length);
      throw error;
    }
    if (others === 0) this.#become({ kind: 'durable' });
    // There was room for this one: perhaps for what waits of other runs too.
    else queueMicrotask(() => void this.retry());
    return true;
  };

  #keepInMemory(error: StoreError | null, unsaved: number): false {
    const reason = error ? reasonOf(error) : this.#health.kind === 'memory-only' ? this.#health.reason : 'closed';
    this.#become(memoryOnly(reason, unsaved));
    return false;
  }
}

function listedRun(record: unknown): ListedRun {
  try {
    const header = readHeader(record);
    return { run: header.run, title: header.title, at: header.at, state: 'ok', header, unsaved: 0 };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { run, title, at } = record as Partial<Record<'run' | 'title' | 'at', unknown>>;
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    return {
      run: text(run),
      title: text(title),
      at: text(at),
      state: error.code === 'read-only' ? 'newer' : 'damaged',
      header: null,
      unsaved: 0,
    };
  }
}

export const openStore = (options?: StoreOptions): Promise<RunStore> => RunStore.open(options);
export type { Receipt, RunChange, StoredRun };
