// The record of this browser: runs, loops, training sets, weights. Durable where the browser lets it be, from memory where not, and honest
// about which.
import type { RunEvent, RunFile } from '../debate/events';
import type { RunStart } from '../debate/fold';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { Adapters } from './adapters';
import { Changes, type LoopChange, type RunChange } from './changes';
import { Database, databaseVersion } from './database';
import { Documents } from './documents';
import { StoreError, asStoreError, isMediumFailure } from './errors';
import { memoryOnly, reasonOf, type StoreHealth } from './health';
import type { Receipt } from './journal';
import { Journals, type Listed } from './journals';
import { loopKind, runKind } from './kind';
import { pageLocks, type Locks } from './locks';
import { loopHeaderOf, type LoopHeader, type LoopStart } from './loop-records';
import { Memos } from './memos';
import { asLoopFile, asRunFile, type ExportedLoop, type ExportedRun, type StoredLoop, type StoredRun } from './read';
import { headerOf, type RunHeader } from './records';
import type { SaveThrough } from './save';
import { Sets } from './sets';

export interface StoreOptions {
  name?: string;
  version?: number;
  locks?: Locks | null;
}

export type ListedRun = Omit<Listed<RunHeader>, 'id'> & { run: string };
export type ListedLoop = Omit<Listed<LoopHeader>, 'id'> & { loop: string };

export class RunStore {
  readonly changes: Changes<'run'>;
  readonly loopChanges: Changes<'loop'>;
  readonly sets: Sets;
  readonly adapters: Adapters;
  /** Where the finetuning client looks for jobs it ordered before a reload. */
  readonly memos: Memos;
  readonly #documents: Documents;
  readonly #runs: Journals<RunEvent, RunHeader>;
  readonly #loops: Journals<LoopEvent, LoopHeader>;
  #database: Database | null = null;
  #health: StoreHealth = { kind: 'durable' };
  readonly #healthListeners = new Set<(health: StoreHealth) => void>();
  readonly #lossListeners = new Set<(loop: string) => void>();

  private constructor(
    private readonly name: string,
    private readonly version: number,
    locks: Locks | null,
  ) {
    this.changes = new Changes(`${name}:runs`, 'run');
    this.loopChanges = new Changes(`${name}:loops`, 'loop');
    const medium = { database: () => this.#database, save: this.#save };
    this.#documents = new Documents(medium);
    this.sets = new Sets(this.#documents, new Changes(`${name}:sets`, 'set'));
    this.adapters = new Adapters(this.#documents);
    this.memos = new Memos(this.#documents);
    this.#runs = new Journals({ ...medium, name, locks, kind: runKind, tell: (...change) => this.changes.tell(...change) });
    const lost = (loop: string): void => this.#lossListeners.forEach(listener => listener(loop));
    this.#loops = new Journals({ ...medium, name, locks, kind: loopKind, tell: (...change) => this.loopChanges.tell(...change), lost });
  }

  /** Never hangs: when another tab blocks the opening, the store starts in memory and becomes durable once that tab is closed. */
  static async open({ name = 'polylogue', version = databaseVersion, locks = pageLocks() }: StoreOptions = {}): Promise<RunStore> {
    const store = new RunStore(name, version, locks);
    await store.#connect();
    return store;
  }

  /** Resolves when the database is open, or it is clear that it will not be for now. */
  #connect(): Promise<void> {
    return new Promise<void>((ready, fail) => {
      const opening = Database.open(this.name, this.version, {
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

  get health(): StoreHealth {
    return this.#health;
  }

  /** @returns a function that ends the subscription */
  onHealth(listener: (health: StoreHealth) => void): () => void {
    this.#healthListeners.add(listener);
    return () => this.#healthListeners.delete(listener);
  }

  /** Starts a journal with its first event and claims the run for this tab. @param loop the loop it is a debate of @throws StoreError 'duplicate' */
  createRun = (start: RunStart, loop?: string): Promise<Receipt> => this.#runs.create(headerOf(start, 'here', loop), start);

  /**
   * Appends one event; resolves when it is on disk, or when it is in memory and the health says so.
   * The first append claims the run for this tab.
   * @throws StoreError 'busy' while another tab writes to the run, 'duplicate', 'missing', 'conflict', 'read-only', 'closed'
   */
  append = (run: string, event: RunEvent): Promise<Receipt> => this.#runs.append(run, event);

  /** Makes this tab the writer of a run. @param steal takes it from the tab that is. @throws StoreError 'busy', 'missing', 'read-only' */
  claim = (run: string, steal = false): Promise<void> => this.#runs.claim(run, steal);

  /** Lets other tabs write to the run: call when a debate is paused or stopped. What is unsaved stays in memory and claimed. */
  release = (run: string): Promise<void> => this.#runs.release(run);

  /** Newest first; reads headers only. @param of `alone`: without the debates of loops; or those of one loop */
  async listRuns(of: 'all' | 'alone' | { loop: string } = 'all'): Promise<ListedRun[]> {
    const runs = (await this.#runs.list()).map(({ id, ...rest }) => ({ run: id, ...rest }));
    if (of === 'all') return runs;
    return runs.filter(({ header }) => header?.loop === (of === 'alone' ? undefined : of.loop));
  }

  /**
   * @param from leaves out the events before it: they are known already
   * @throws StoreError 'missing', 'damaged', 'read-only' when a newer version wrote what this one cannot show, 'closed'
   */
  readRun = (run: string, from = 0): Promise<StoredRun> => this.#runs.read(run, from);

  /** Ids of runs that another tab writes to. */
  busyRuns = (): Promise<Set<string>> => this.#runs.busy();

  /** @throws StoreError 'missing', 'read-only' */
  renameRun = (run: string, title: string): Promise<void> => this.#runs.rename(run, title);

  async deleteRun(run: string): Promise<void> {
    await this.#runs.remove(run);
    // Room may have been made.
    await this.retry();
  }

  /** The run as a file's content, under its present title; what this version cannot read is handed out as it is stored. */
  async exportRun(run: string): Promise<RunFile | ExportedRun> {
    const stored = await unlessUnreadable(this.#runs.read(run));
    if (stored) return asRunFile(stored.header, stored.events);
    return { polylogue: 'run', ...(await this.#runs.raw(run)) };
  }

  /** Writes a run that came from elsewhere; see `import.ts` for the rules. @throws StoreError 'duplicate' */
  insertRun = (header: RunHeader, events: readonly RunEvent[]): Promise<void> => this.#runs.insert(header, events);

  /** Starts the journal of a loop and claims it for this tab. @throws StoreError 'duplicate' */
  createLoop = (start: LoopStart): Promise<Receipt> => this.#loops.create(loopHeaderOf(start), start);

  /** As `append`, for the events of a loop; its debates are runs of their own. */
  appendLoop = (loop: string, event: LoopEvent): Promise<Receipt> => this.#loops.append(loop, event);

  /** As `claim`. */
  claimLoop = (loop: string, steal = false): Promise<void> => this.#loops.claim(loop, steal);

  /** Told of each loop that another tab takes from this one. @returns a function that ends the subscription */
  onLoopLost(listener: (loop: string) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Ids of loops that another tab writes to. */
  busyLoops = (): Promise<Set<string>> => this.#loops.busy();

  releaseLoop = (loop: string): Promise<void> => this.#loops.release(loop);

  /** Newest first; reads headers only. */
  listLoops = async (): Promise<ListedLoop[]> => (await this.#loops.list()).map(({ id, ...rest }) => ({ loop: id, ...rest }));

  /** @param from leaves out the events before it: they are known already */
  readLoop = (loop: string, from = 0): Promise<StoredLoop> => this.#loops.read(loop, from);
  renameLoop = (loop: string, title: string): Promise<void> => this.#loops.rename(loop, title);

  /** With its debates, training sets, weights and memos. The loop itself goes last, so that a deletion cut short can be repeated. */
  async deleteLoop(loop: string): Promise<void> {
    for (const { run } of await this.listRuns({ loop })) await this.#runs.remove(run);
    await this.sets.remove(await this.sets.list({ loop }));
    await this.adapters.remove((await this.adapters.list({ loop })).map(({ id }) => id));
    await this.memos.removeOf(loop);
    await this.#loops.remove(loop);
    await this.retry();
  }

  /**
   * Everything of a loop but its weights, under its present title. Events this version cannot read are handed out as they are stored; debates
   * and sets that are damaged or newer are left out, so that they do not keep the rest from being rescued.
   */
  async exportLoop(loop: string): Promise<LoopFile | ExportedLoop> {
    const runs: Record<string, RunEvent[]> = Object.create(null) as Record<string, RunEvent[]>;
    for (const { run } of await this.listRuns({ loop })) {
      const stored = await unlessUnreadable(this.readRun(run));
      if (stored) runs[run] = asRunFile(stored.header, stored.events).events;
    }
    const sets: NonNullable<LoopFile['sets']> = Object.create(null) as NonNullable<LoopFile['sets']>;
    for (const { sha256 } of await this.sets.list({ loop })) {
      const set = await unlessUnreadable(this.sets.read(sha256));
      if (set) sets[sha256] = set;
    }
    const stored = await unlessUnreadable(this.#loops.read(loop));
    if (stored) return { ...asLoopFile(stored.header, stored.events), runs, sets };
    return { polylogue: 'loop', ...(await this.#loops.raw(loop)), runs, sets };
  }

  /** Writes a loop that came from elsewhere; see `import-loop.ts` for the rules. @throws StoreError 'duplicate' */
  insertLoop = (header: LoopHeader, events: readonly LoopEvent[]): Promise<void> => this.#loops.insert(header, events);

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
    else if (!this.#database && this.#health.kind === 'memory-only' && this.#health.reason !== 'blocked') await this.#connect();
    return this.#flush();
  }

  async #flush(): Promise<boolean> {
    if (!this.#database?.open) return false;
    if (this.#database.newer) {
      this.#become(memoryOnly('newer', this.#unsaved()));
      return false;
    }
    try {
      for (const part of [this.#documents, this.#runs, this.#loops]) if (!(await part.flush())) return false;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    if (this.#unsaved() > 0) return false;
    this.#become({ kind: 'durable' });
    return true;
  }

  async close(): Promise<void> {
    await this.#runs.close();
    await this.#loops.close();
    this.changes.close();
    this.loopChanges.close();
    this.sets.changes.close();
    this.#database?.close();
  }

  #unsaved = (): number => this.#runs.unsaved + this.#loops.unsaved + this.#documents.unsaved;

  #become(health: StoreHealth): void {
    if (health.kind === 'durable' && this.#health.kind === 'durable') return;
    this.#health = health;
    for (const listener of this.#healthListeners) listener(health);
  }

  #save: SaveThrough = async (write, size, waiting) => {
    const database = this.#database;
    const others = this.#unsaved() - waiting;
    if (!database?.open) return this.#keepInMemory(null, others + size);
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
  };

  #keepInMemory(error: StoreError | null, unsaved: number): false {
    const reason = error ? reasonOf(error) : this.#health.kind === 'memory-only' ? this.#health.reason : 'closed';
    this.#become(memoryOnly(reason, unsaved));
    return false;
  }
}

/** Null where a record is damaged or of a newer version. */
async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'damaged' || error.code === 'read-only')) return null;
    throw error;
  }
}

export const openStore = (options?: StoreOptions): Promise<RunStore> => RunStore.open(options);
export type { LoopChange, Receipt, RunChange, StoredLoop, StoredRun };
