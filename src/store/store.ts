// The record of this browser: runs, loops, training sets, weights, and memos of jobs.
import type { RunEvent, RunFile } from '../debate/events';
import type { RunStart } from '../debate/fold';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { Adapters } from './adapters';
import { Changes, type LoopChange, type RunChange } from './changes';
import { Database, databaseVersion } from './database';
import { Documents } from './documents';
import { unlessUnreadable } from './errors';
import type { StoreHealth } from './health';
import type { Receipt } from './journal';
import { Journals, type Listed } from './journals';
import { loopKind, runKind } from './kind';
import { pageLocks, type Locks } from './locks';
import { loopHeaderOf, type LoopHeader, type LoopStart } from './loop-records';
import { Medium } from './medium';
import { Memos } from './memos';
import { asLoopFile, asRunFile, type ExportedLoop, type ExportedRun, type StoredLoop, type StoredRun } from './read';
import { headerOf, type RunHeader } from './records';
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
  readonly #medium: Medium;
  readonly #runs: Journals<RunEvent, RunHeader>;
  readonly #loops: Journals<LoopEvent, LoopHeader>;
  readonly #lossListeners = new Set<(loop: string) => void>();

  private constructor({ name = 'polylogue', version = databaseVersion, locks = pageLocks() }: StoreOptions) {
    this.changes = new Changes(`${name}:runs`, 'run');
    this.loopChanges = new Changes(`${name}:loops`, 'loop');
    const medium: Medium = new Medium(
      on => Database.open(name, version, on),
      () => [documents, this.#runs, this.#loops],
    );
    const documents = new Documents(medium);
    this.#medium = medium;
    this.sets = new Sets(documents, new Changes(`${name}:sets`, 'set'));
    this.adapters = new Adapters(documents);
    this.memos = new Memos(documents);
    this.#runs = new Journals({ medium, name, locks, kind: runKind, tell: (...change) => this.changes.tell(...change) });
    const lost = (loop: string): void => this.#lossListeners.forEach(listener => listener(loop));
    this.#loops = new Journals({ medium, name, locks, kind: loopKind, tell: (...change) => this.loopChanges.tell(...change), lost });
  }

  /** Never hangs: when another tab blocks the opening, the store starts in memory and becomes durable once that tab is closed. */
  static async open(options: StoreOptions = {}): Promise<RunStore> {
    const store = new RunStore(options);
    await store.#medium.connect();
    return store;
  }

  get health(): StoreHealth {
    return this.#medium.health;
  }

  /** @returns a function that ends the subscription */
  onHealth = (listener: (health: StoreHealth) => void): (() => void) => this.#medium.onHealth(listener);

  /** As `Medium.retry`. */
  retry = (): Promise<boolean> => this.#medium.retry();

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

  async close(): Promise<void> {
    await this.#runs.close();
    await this.#loops.close();
    this.changes.close();
    this.loopChanges.close();
    this.sets.changes.close();
    this.#medium.close();
  }
}

export const openStore = (options?: StoreOptions): Promise<RunStore> => RunStore.open(options);
export type { LoopChange, RunChange, StoredRun };
