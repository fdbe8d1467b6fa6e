// The page's hold on the record: opened once, after the first paint, with its health as state.
import type { RunEvent } from '../../debate/events';
import type { RunStart } from '../../debate/fold';
import type { StoreHealth } from '../../store/health';
import { requestPersistence, type Persistence } from '../../store/persist';
import type { ListedRun, RunChange, RunStore, StoredRun } from '../../store/store';
import { download, fileName } from './files';

export class Record {
  #health = $state.raw<StoreHealth | null>(null);
  #list = $state.raw<readonly ListedRun[] | null>(null);
  #busy = $state.raw<ReadonlySet<string>>(new Set());
  #asked = false;
  #persistence = $state.raw<Persistence | null>(null);
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #store: Promise<RunStore>;
  readonly #listeners = new Set<(change: RunChange) => void>();

  constructor(open: () => Promise<RunStore>) {
    this.#store = open().then(store => {
      this.#health = store.health;
      store.onHealth(health => (this.#health = health));
      store.changes.subscribe(change => {
        if (this.#list !== null) this.#refreshSoon(change.kind === 'appended' ? 1500 : 0);
        for (const listener of this.#listeners) listener(change);
      });
      return store;
    });
  }

  /** Null until the record is open. */
  get health(): StoreHealth | null {
    return this.#health;
  }

  /** What the browser promised when the first run was kept; null before. */
  get persistence(): Persistence | null {
    return this.#persistence;
  }

  /** Null until it was asked for. */
  get list(): readonly ListedRun[] | null {
    return this.#list;
  }

  /** Runs of the list that another tab is going on with. */
  get busy(): ReadonlySet<string> {
    return this.#busy;
  }

  get store(): Promise<RunStore> {
    return this.#store;
  }

  /** @returns a function that ends the subscription */
  onChange(listener: (change: RunChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    // Debates of a loop are listed with their loop.
    const store = await this.#store;
    [this.#list, this.#busy] = await Promise.all([store.listRuns('alone'), store.busyRuns()]);
  }

  /** A batch appends many times a second; a list of headers need not follow each. */
  #refreshSoon(delay: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      // A list that cannot be read again stays as it was; the health of the store says why.
      this.refresh().catch(() => undefined);
    }, delay);
  }

  /** True = everything is on disk now. */
  async retry(): Promise<boolean> {
    return (await this.#store).retry();
  }

  /** @param loop the loop it is a debate of */
  async create(start: RunStart, loop?: string): Promise<void> {
    const store = await this.#store;
    await store.createRun(start, loop);
    // Safari clears script-written storage after a week without a visit; asking at the first run kept is when it makes sense to people.
    if (!this.#asked) {
      requestPersistence().then(
        answer => (this.#persistence = answer),
        () => undefined,
      );
    }
    this.#asked = true;
  }

  async append(run: string, event: RunEvent): Promise<void> {
    await (await this.#store).append(run, event);
  }

  /** @param from leaves out the events before it */
  async read(run: string, from = 0): Promise<StoredRun> {
    return (await this.#store).readRun(run, from);
  }

  /** Hands the whole run to the reader as a file. */
  async exportRun(run: string): Promise<void> {
    const file = await (await this.#store).exportRun(run);
    const start = file.events[0] as RunEvent | undefined;
    await downloadRun(file, start?.type === 'run-started' ? start.title : run);
  }
}

/** What can be checked leaves through the exporter that drops what may not leave; what is newer or damaged goes out as it is stored. */
export async function downloadRun(file: { schema: number; events: readonly unknown[] }, title: string): Promise<void> {
  const { packRun } = await import('../share/packing');
  download(await packRun(file), `${fileName(title)}.run.json`);
}
