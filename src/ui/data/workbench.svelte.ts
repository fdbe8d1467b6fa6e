// What the Data screen holds: the list of sets, the one that is open with its debate, and the rows taken out of it.
import { excludeRows } from '../../datasets/edit';
import type { TrainingSet } from '../../datasets/records';
import { foldAll, type RunState } from '../../debate/fold';
import type { SetRecord } from '../../store/set-records';
import type { Record } from '../session/record.svelte';
import { formatRoute } from '../app/route';
import { errorWords } from '../app/error-words';
import { groupSets, type SetEntry, type SetGroup, type Source } from './groups';
import { Recorded } from './recorded';
import { isSetTraining } from './set-order';

export type Opened =
  | { kind: 'none' }
  | { kind: 'reading' }
  | { kind: 'missing' }
  | { kind: 'failed'; message: string }
  | {
      kind: 'open';
      entry: SetEntry;
      /** As it is kept in this browser; null = a recorded one. */
      record: SetRecord | null;
      /** What rows are taken out of: the whole set where it is still here. */
      whole: TrainingSet;
      /** The debate behind it; null = not in this browser. */
      run: RunState | null;
      /** Where a question of it is shown; null = nowhere. */
      debateHref(qid: string, turn: string): string | null;
    };

export class Workbench {
  #records = $state.raw<readonly SetRecord[] | null>(null);
  #sources = $state.raw<ReadonlyMap<string, Source>>(new Map());
  #opened = $state.raw<Opened>({ kind: 'none' });
  #out = $state.raw<readonly string[]>([]);
  #asked = '';
  readonly #record: Record;
  readonly #recording: Promise<Recorded>;
  #recorded = $state.raw<readonly SetGroup[]>([]);

  constructor(record: Record, signal: AbortSignal) {
    this.#record = record;
    this.#recording = Recorded.open(signal);
    void this.#recording.then(({ groups }) => (this.#recorded = groups));
  }

  /** null until the list was read. */
  get records(): readonly SetRecord[] | null {
    return this.#records;
  }

  readonly groups: SetGroup[] = $derived(
    groupSets(this.#records ?? [], ({ loop, header }) => this.#sources.get(loop ?? header.run) ?? null),
  );

  /** Sets of the loops that ship with the page. */
  get recorded(): readonly SetGroup[] {
    return this.#recorded;
  }

  /** What was collected together with the open set. */
  readonly siblings: readonly SetEntry[] = $derived.by(() => {
    const { kind } = this.#opened;
    if (kind !== 'open') return [];
    const { id } = this.#opened.entry;
    return [...this.groups, ...this.#recorded].find(({ sets }) => sets.some(one => one.id === id))?.sets ?? [];
  });

  get opened(): Opened {
    return this.#opened;
  }

  /** Hashes of rows that are taken out, in the order it was done. */
  get out(): readonly string[] {
    return this.#out;
  }

  /** The open set without the rows taken out. */
  readonly set: TrainingSet | null = $derived(this.#opened.kind === 'open' ? excludeRows(this.#opened.whole, this.#out) : null);

  /** Whether what is taken out differs from what is kept on disk. */
  readonly changed: boolean = $derived(
    this.#opened.kind === 'open' && this.set !== null && this.set.header.sha256 !== this.#opened.entry.sha256,
  );

  /** Reads the list, and again whenever any tab keeps or removes a set, until `signal` ends. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.refresh();
    const store = await this.#record.store;
    if (signal.aborted) return;
    const end = store.sets.changes.subscribe(() => void this.refresh().catch(() => undefined));
    signal.addEventListener('abort', end, { once: true });
  }

  async refresh(): Promise<void> {
    const store = await this.#record.store;
    const [records, runs, loops] = await Promise.all([store.sets.list(), store.listRuns(), store.listLoops()]);
    this.#sources = new Map([
      ...runs.map(({ run, title }): [string, Source] => [run, { title, href: formatRoute({ kind: 'run', run, qid: null }) }]),
      ...loops.map(({ loop, title }): [string, Source] => [loop, { title, href: formatRoute({ kind: 'loop', loop }) }]),
    ]);
    this.#records = records;
  }

  /** @param sha256 null closes what is open */
  async open(sha256: string | null): Promise<void> {
    if (sha256 === this.#asked) return;
    this.#asked = sha256 ?? '';
    this.#out = [];
    if (sha256 === null) {
      this.#opened = { kind: 'none' };
      return;
    }
    this.#opened = { kind: 'reading' };
    let found: Opened;
    try {
      found = await this.#read(sha256);
    } catch (error) {
      found = { kind: 'failed', message: errorWords(error) };
    }
    if (this.#asked !== sha256) return;
    this.#opened = found;
    if (found.kind === 'open' && found.whole.header.sha256 !== sha256) this.#out = found.entry.header.edited ?? [];
  }

  /** A stored set, else a recorded one. */
  async #find(sha256: string): Promise<{ entry: SetEntry; record: SetRecord | null; set: TrainingSet } | null> {
    const store = await this.#record.store;
    const set = await store.sets.read(sha256);
    const record = set && (await store.sets.list()).find(one => one.sha256 === sha256);
    if (set && record) return { entry: record, record, set };
    const found = await (await this.#recording).set(sha256);
    return found && { ...found, record: null };
  }

  async #read(sha256: string): Promise<Opened> {
    const found = await this.#find(sha256);
    if (!found) return { kind: 'missing' };
    const { original, run } = found.set.header;
    const whole = (original && (await this.#find(original))?.set) || found.set;
    const recorded = await this.#recording;
    const stored = await this.#record.read(run).then(
      ({ events }) => foldAll(events),
      // A set outlives its debate: without it there is no vote to show, and the rows are what they are.
      () => null,
    );
    return {
      ...found,
      kind: 'open',
      whole,
      run: stored ?? (await recorded.run(run).catch(() => null))?.state ?? null,
      debateHref: (qid, turn) => (stored ? formatRoute({ kind: 'run', run, qid, turn }) : recorded.debateHref(run, qid, turn)),
    };
  }

  takeOut(hash: string): void {
    if (!this.#out.includes(hash)) this.#out = [...this.#out, hash];
  }

  putBack(hash: string): void {
    this.#out = this.#out.filter(other => other !== hash);
  }

  /** The last row taken out comes back. */
  undo(): void {
    this.#out = this.#out.slice(0, -1);
  }

  /** As the set is kept on disk. */
  revert(): void {
    if (this.#opened.kind === 'open')
      this.#out = this.#opened.whole.header.sha256 === this.#opened.entry.sha256 ? [] : (this.#opened.entry.header.edited ?? []);
  }

  /** Keeps the open set as it is now, beside the one it was made from. @returns whether it is on disk */
  async keepEdited(): Promise<boolean> {
    if (this.#opened.kind !== 'open' || !this.set) return true;
    // What is made from a recording belongs to no loop of this browser.
    return this.keep([this.set], this.#opened.record?.loop);
  }

  /** @returns whether they are on disk; else they are in this tab only */
  async keep(sets: readonly TrainingSet[], loop?: string): Promise<boolean> {
    const durable = await (await this.#record.store).sets.save(sets, loop);
    // The change was told before this returned; the list must hold the sets before somebody is sent to one.
    await this.refresh();
    return durable;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const store = await this.#record.store;
    const gone = (this.#records ?? []).filter(({ id }) => ids.includes(id));
    await store.sets.remove(gone);
    // Weights that were trained on a set alone are shown with it, and nowhere else.
    const left = new Set((await store.sets.list()).map(({ sha256 }) => sha256));
    const orphans = new Set(gone.map(({ sha256 }) => sha256).filter(sha256 => !left.has(sha256)));
    const own = (await store.adapters.list()).filter(({ loop, dataset }) => isSetTraining(loop) && orphans.has(dataset));
    await store.adapters.remove(own.map(({ id }) => id));
    await this.refresh();
  }

  /** Rows of several sets, as an export needs them; empty ones are left out. */
  async readAll(entries: readonly SetEntry[]): Promise<TrainingSet[]> {
    const read = await Promise.all(entries.filter(({ header }) => header.size > 0).map(({ sha256 }) => this.#find(sha256)));
    return read.flatMap(found => found?.set ?? []);
  }

  /** Debates of recorded loops, to make other sets from. */
  get recording(): Promise<Recorded> {
    return this.#recording;
  }
}
