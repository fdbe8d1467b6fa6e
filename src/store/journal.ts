// The tail of one run's journal: events queue here, go to disk together in order, and stay in memory when the disk refuses them.
import type { RunEvent } from '../debate/events';
import { StoreError } from './errors';
import { advance, onceKey, type RunHeader } from './records';

export interface Receipt {
  seq: number;
  /** False = kept in this tab only; the store's health says why. */
  durable: boolean;
}

/**
 * Writes `events` behind the first `saved` ones; `saved` 0 = the run itself is not on disk yet.
 * Resolves to whether they are durable now; false = the medium failed.
 * @throws StoreError when the journal on disk does not end where it should, or refuses an event
 */
export type Save = (header: RunHeader, saved: number, events: readonly RunEvent[]) => Promise<boolean>;

interface Waiting {
  event: RunEvent;
  resolve: (receipt: Receipt) => void;
  reject: (error: unknown) => void;
}

export class Journal {
  #header: RunHeader;
  #saved: number;
  #unsaved: RunEvent[] = [];
  #waiting: Waiting[] = [];
  #pump: Promise<void> | null = null;
  #revoked: StoreError | null = null;

  constructor(
    header: RunHeader,
    saved: number,
    private readonly save: Save,
  ) {
    this.#header = header;
    this.#saved = saved;
  }

  get header(): RunHeader {
    return this.#header;
  }
  get saved(): number {
    return this.#saved;
  }
  /** Events that are in this tab only, oldest first. */
  get unsaved(): readonly RunEvent[] {
    return this.#unsaved;
  }

  rename(title: string): void {
    this.#header = { ...this.#header, title };
  }

  /** From now on every append is refused: another tab took the run over, or it was deleted. */
  revoke(error: StoreError): void {
    this.#revoked = error;
  }

  /** A run that is not on disk starts with its first event in memory. */
  begin(start: RunEvent): void {
    this.#unsaved = [start];
  }

  append(event: RunEvent): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      this.#pump ??= this.#run();
    });
  }

  /** Tries again to write what is in memory only. */
  async flush(): Promise<boolean> {
    await this.idle();
    if (this.#unsaved.length > 0) await this.#commit([]);
    return this.#unsaved.length === 0;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#pump) await this.#pump;
  }

  /** Events that arrive while a write runs go into the next one together: a batch of agents costs one wait for the disk, not one each. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#settle(batch);
    }
    this.#pump = null;
  }

  async #settle(batch: Waiting[]): Promise<void> {
    try {
      const first = this.#header.events;
      const durable = await this.#commit(batch.map(waiting => waiting.event));
      batch.forEach((waiting, at) => waiting.resolve({ seq: first + at, durable }));
    } catch (error) {
      // One doubled event must not take its neighbours down.
      if (batch.length > 1 && error instanceof StoreError && error.code === 'duplicate') for (const one of batch) await this.#settle([one]);
      else for (const waiting of batch) waiting.reject(error);
    }
  }

  async #commit(events: readonly RunEvent[]): Promise<boolean> {
    if (this.#revoked) throw this.#revoked;
    this.#refuseDoubled(events);
    const all = [...this.#unsaved, ...events];
    const header = events.reduce(advance, this.#header);
    const durable = await this.save(header, this.#saved, all);
    this.#header = { ...header, title: this.#header.title };
    if (durable) this.#saved += all.length;
    this.#unsaved = durable ? [] : all;
    return durable;
  }

  /** The database refuses doubles on disk; in memory this does. */
  #refuseDoubled(events: readonly RunEvent[]): void {
    const seen = new Set(this.#unsaved.map(onceKey));
    for (const event of events) {
      const once = onceKey(event);
      if (once !== undefined && seen.has(once)) throw new StoreError('duplicate', `Already in the journal: ${once}.`);
      seen.add(once);
    }
  }
}
