// The tail of one journal: events queue here, go to disk together in order, and stay in memory when the disk refuses them.
import { StoreError } from './errors';
import type { JournalHeader, Kind } from './kind';

export interface Receipt {
  seq: number;
  /** False = kept in this tab only; the store's health says why. */
  durable: boolean;
}

/**
 * Writes `events` behind the first `saved` ones; `saved` 0 = the journal itself is not on disk yet.
 * Resolves to whether they are durable now; false = the medium failed.
 * @throws StoreError when the journal on disk does not end where it should, or refuses an event
 */
export type Save<E, H> = (header: H, saved: number, events: readonly E[]) => Promise<boolean>;

interface Waiting<E> {
  event: E;
  resolve: (receipt: Receipt) => void;
  reject: (error: unknown) => void;
}

export class Journal<E extends { type: string }, H extends JournalHeader> {
  #header: H;
  #saved: number;
  #unsaved: E[] = [];
  #waiting: Waiting<E>[] = [];
  #pump: Promise<void> | null = null;
  #revoked: StoreError | null = null;

  constructor(
    private readonly kind: Pick<Kind<E, H>, 'advance' | 'onceKey'>,
    header: H,
    saved: number,
    private readonly save: Save<E, H>,
  ) {
    this.#header = header;
    this.#saved = saved;
  }

  get header(): H {
    return this.#header;
  }
  get saved(): number {
    return this.#saved;
  }
  /** Events that are in this tab only, oldest first. */
  get unsaved(): readonly E[] {
    return this.#unsaved;
  }

  rename(title: string): void {
    this.#header = { ...this.#header, title };
  }

  /** From now on every append is refused: another tab took the journal over, or it was deleted. */
  revoke(error: StoreError): void {
    this.#revoked = error;
  }

  /** A journal that is not on disk starts with its first event in memory. */
  begin(start: E): void {
    this.#unsaved = [start];
  }

  append(event: E): Promise<Receipt> {
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

  async #settle(batch: Waiting<E>[]): Promise<void> {
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

  async #commit(events: readonly E[]): Promise<boolean> {
    if (this.#revoked) throw this.#revoked;
    this.#refuseDoubled(events);
    const all = [...this.#unsaved, ...events];
    const header = events.reduce((header, event) => this.kind.advance(header, event), this.#header);
    const durable = await this.save(header, this.#saved, all);
    this.#header = { ...header, title: this.#header.title };
    if (durable) this.#saved += all.length;
    this.#unsaved = durable ? [] : all;
    return durable;
  }

  /** The database refuses doubles on disk; in memory this does. */
  #refuseDoubled(events: readonly E[]): void {
    const seen = new Set(this.#unsaved.map(event => this.kind.onceKey(event)));
    for (const event of events) {
      const once = this.kind.onceKey(event);
      if (once !== undefined && seen.has(once)) throw new StoreError('duplicate', `Already in the journal: ${once}.`);
      seen.add(once);
    }
  }
}
