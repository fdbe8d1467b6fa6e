// The journal of one loop as this tab knows and writes it: a fact counts once it is durable.
import { foldLoop, foldLoopAll, type LoopStart, type LoopState } from '../../experiment/fold';
import type { LoopEvent } from '../../experiment/records';

export interface JournalPorts {
  create: (start: LoopStart) => Promise<void>;
  append: (loop: string, event: LoopEvent) => Promise<void>;
  /**
   * Makes this tab the writer.
   * @param known events that are known here
   * @param steal takes it from the tab that is
   * @returns those behind them: another tab may have gone on meanwhile
   */
  claim: (loop: string, known: number, steal: boolean) => Promise<readonly LoopEvent[]>;
}

export class LoopJournal {
  readonly start: LoopStart;
  #facts: LoopState;
  #known: number;
  /** What it says while the loop is at rest. */
  #rest: LoopEvent | null = null;
  #onBegun: () => void = () => undefined;
  /** Resolves when the first event of a new one is durable. */
  readonly begun = new Promise<void>(resolve => (this.#onBegun = resolve));

  /** @param plan a new loop, or the events of one to go on with @throws RangeError when those do not begin one */
  constructor(
    plan: { start: LoopStart } | { events: readonly LoopEvent[] },
    private readonly ports: JournalPorts,
  ) {
    const events = 'events' in plan ? plan.events : [];
    this.#facts = foldLoopAll(events);
    this.#known = events.length;
    const start = 'start' in plan ? plan.start : this.#facts.start;
    if (!start) throw new RangeError('this loop has no beginning');
    this.start = start;
  }

  get facts(): LoopState {
    return this.#facts;
  }

  /** Events of it that are known here. */
  get known(): number {
    return this.#known;
  }

  /** Whether its beginning is durable. */
  get stored(): boolean {
    return this.#known > 0;
  }

  /** Makes this tab the writer. @returns whether another one had written to it meanwhile */
  async claim(steal: boolean): Promise<boolean> {
    const news = await this.ports.claim(this.start.loop, this.#known, steal);
    this.#facts = news.reduce(foldLoop, this.#facts);
    this.#known += news.length;
    return news.length > 0;
  }

  /** The loop goes on: its last event need no longer say that it rests. */
  wake(): void {
    this.#rest = null;
  }

  /** @param note stays the last event until the loop goes on */
  async rest(note: LoopEvent): Promise<void> {
    this.#rest = note;
    await this.append(note);
  }

  async append(event: LoopEvent): Promise<void> {
    if (event.type === 'loop-started') await this.ports.create(event);
    else await this.ports.append(this.start.loop, event);
    this.#onBegun();
    this.#facts = foldLoop(this.#facts, event);
    this.#known++;
    // A training that was being ordered when the loop came to rest tells of it late; the last event still has to say that it rests.
    if (this.#rest && event !== this.#rest) await this.append(this.#rest);
  }
}
