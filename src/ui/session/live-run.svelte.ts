// One run that is being spoken in this tab: what happened so far, whether it goes on, and how fast.
// Facts go to the journal first and to the screen second; a turn in flight when the run stops is spoken again, to the same text, when it goes on.
import type { EngineInfo, LiveEvent, RunEvent, RunFile } from '../../debate/events';
import { emptyRun, foldAll, type RunStart, type RunState } from '../../debate/fold';
import type { Generate } from '../../debate/generate';
import type { EngineFault } from '../../models/engine';
import { asFault } from './engine-host.svelte';
import { FrameQueue, seenOf, type Schedule } from './frames';
import { PaceMeter, type Pace } from './pace';
import { checkWeights } from './same-weights';

export type LivePhase = 'loading' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

/** Speaks whatever is not spoken yet, journal first: the debate room's `runDebate`. */
export type Drive = (run: {
  state: RunState;
  generate: Generate;
  append: (event: RunEvent) => Promise<void>;
  emit: (event: LiveEvent) => void;
  /** ISO 8601. */
  date: () => string;
  /** Most rows per pass; left out = as for somebody who watches. */
  width?: number;
  signal: AbortSignal;
}) => Promise<void>;

export interface LiveDeps {
  drive: Drive;
  /** Loads the engine if need be. */
  engine: (signal: AbortSignal) => Promise<{ info: EngineInfo; generate: Generate }>;
  create: (start: RunStart) => Promise<void>;
  append: (run: string, event: RunEvent) => Promise<void>;
  /**
   * Makes this tab the writer of a run that began before.
   * @param steal takes it from the tab that is
   * @returns what another tab appended behind the first `known` events
   */
  claim: (run: string, known: number, steal: boolean) => Promise<RunEvent[]>;
  release: (run: string) => Promise<void>;
  /** ISO 8601. */
  date: () => string;
  /** Milliseconds on a steady clock. */
  now: () => number;
  /** Most rows per pass of the engine. */
  width?: number;
  schedule?: Schedule;
}

/** Calls that are done or have failed for good. */
const settled = (state: RunState): number => state.ledger.calls;

const paused = (): DOMException => new DOMException('Paused.', 'AbortError');

export class LiveRun {
  #state = $state.raw<RunState>(emptyRun);
  #phase = $state.raw<LivePhase>('loading');
  #fault = $state.raw<EngineFault | null>(null);
  #pace = $state.raw<Pace>({ rate: null, secondsLeft: null });
  #events: RunEvent[];
  #abort: AbortController | null = null;
  #after: LivePhase = 'paused';
  #going: Promise<void> | null = null;
  /** What the journal said to a note that nobody awaits. */
  #unwritten: unknown = null;
  #overtaken = $state(false);
  readonly #meter = new PaceMeter();
  readonly #frames: FrameQueue<LiveEvent>;

  /**
   * @param plan a new run, or the events of one to go on with
   * @param turnsInAll calls the whole run takes
   */
  constructor(
    readonly id: string,
    private readonly plan: { fresh: (engine: EngineInfo, at: string) => RunStart } | { events: readonly RunEvent[] },
    readonly turnsInAll: number,
    /** Questions of the run. */
    readonly planned: number,
    private readonly deps: LiveDeps,
  ) {
    this.#events = 'events' in plan ? [...plan.events] : [];
    this.#state = foldAll(this.#events);
    this.#frames = new FrameQueue(events => {
      this.#state = foldAll(seenOf(events), this.#state);
      this.#meter.add(this.deps.now(), settled(this.#state));
      this.#pace = this.#meter.pace(this.turnsInAll);
    }, deps.schedule);
  }

  get state(): RunState {
    return this.#state;
  }

  get phase(): LivePhase {
    return this.#phase;
  }

  get fault(): EngineFault | null {
    return this.#fault;
  }

  /** Calls per second and time left. */
  get pace(): Pace {
    return this.#pace;
  }

  /** Share of all calls that are settled, 0 to 1. */
  get share(): number {
    return this.turnsInAll === 0 ? 1 : settled(this.#state) / this.turnsInAll;
  }

  get active(): boolean {
    return this.#phase === 'loading' || this.#phase === 'running';
  }

  /** Another tab has gone on with it: the journal is ahead of what is held here, until this one goes on again. */
  get overtaken(): boolean {
    return this.#overtaken;
  }

  /**
   * Told by the keeper of the record that another tab wrote to it. A tab that hung tells late what it wrote before this one took over.
   * @param events how long the journal was then
   */
  overtake(events: number): void {
    if (events > this.#events.length) this.#overtaken = true;
  }

  file(): RunFile {
    return { polylogue: 'run', schema: 1, events: [...this.#events] };
  }

  /**
   * Starts, or goes on after a pause. Resolves when the run finished, paused or failed; never rejects.
   * @param steal takes the run from the tab that writes to it
   */
  go(steal = false): Promise<void> {
    this.#going ??= this.#run(steal).finally(() => (this.#going = null));
    return this.#going;
  }

  async pause(): Promise<void> {
    await this.#halt('paused');
  }

  /** Like a pause, for good as far as this screen is concerned; the run can still be resumed from the list. */
  async stop(): Promise<void> {
    await this.#halt('stopped');
  }

  /** Told by the engine's keeper: the old one died, a new one speaks what is missing. A run that cannot note that any more stops. */
  async restarted(engine: EngineInfo, reason: string): Promise<void> {
    if (this.#phase !== 'running') return;
    const note: RunEvent = {
      type: 'note',
      at: this.deps.date(),
      note: 'engine-restarted',
      text: `The engine was restarted: ${reason}`,
      engine,
    };
    try {
      await this.#append(note);
    } catch (error) {
      this.#unwritten = error;
      this.#abort?.abort(paused());
    }
  }

  /**
   * The engine may come back on another device; what ran the models is part of the record.
   * @param why the old device was given up
   */
  async engineIs(engine: EngineInfo, why?: string): Promise<void> {
    const { engine: before } = this.#state;
    if (!before || JSON.stringify(before) === JSON.stringify(engine)) return;
    const [now, then] = [engine, before].map(({ device, dtype }) => (engine.dtype === before.dtype ? device : `${dtype} on ${device}`));
    const text = `${now} speaks from here on instead of ${then}${why ? `: ${why}` : '.'}`;
    await this.#append({ type: 'note', at: this.deps.date(), note: 'fell-back', text, engine });
    this.#frames.flush();
  }

  async #halt(after: LivePhase): Promise<void> {
    if (!this.#going) {
      if (this.#phase === 'paused' && after === 'stopped') this.#phase = 'stopped';
      return;
    }
    this.#after = after;
    this.#abort?.abort(paused());
    await this.#going;
  }

  async #run(steal: boolean): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#fault = null;
    this.#unwritten = null;
    this.#phase = 'loading';
    this.#meter.reset();
    try {
      const { info, generate } = await this.deps.engine(abort.signal);
      await this.#open(info, steal);
      this.#phase = 'running';
      await this.deps.drive({
        state: this.#state,
        generate,
        append: event => this.#append(event),
        emit: event => this.#frames.add(event),
        date: this.deps.date,
        ...(this.deps.width === undefined ? {} : { width: this.deps.width }),
        signal: abort.signal,
      });
      this.#frames.flush();
      this.#phase = this.#state.finished === null ? 'paused' : 'finished';
    } catch (error) {
      await this.#interrupted(error, abort.signal);
    } finally {
      this.#pace = { rate: null, secondsLeft: null };
      this.#abort = null;
    }
  }

  /** The first event of a new run, or the note that an old one goes on. */
  async #open(info: EngineInfo, steal: boolean): Promise<void> {
    const at = this.deps.date();
    if (this.#events.length === 0 && 'fresh' in this.plan) {
      const start = this.plan.fresh(info, at);
      await this.deps.create(start);
      this.#events.push(start);
      this.#frames.add(start);
      this.#frames.flush();
      return;
    }
    this.#events.push(...(await this.deps.claim(this.id, this.#events.length, steal)));
    this.#overtaken = false;
    this.#settlePartial();
    checkWeights(this.#state, info);
    const changed = JSON.stringify(this.#state.engine) !== JSON.stringify(info);
    await this.#append({ type: 'note', at, note: 'resumed', text: 'Resumed.', ...(changed ? { engine: info } : {}) });
  }

  /** Journal first. The drive emits what it appended itself; notes of this class are emitted here. */
  async #append(event: RunEvent): Promise<void> {
    await this.deps.append(this.id, event);
    this.#events.push(event);
    if (event.type === 'note') this.#frames.add(event);
  }

  async #interrupted(error: unknown, signal: AbortSignal): Promise<void> {
    this.#settlePartial();
    if (signal.aborted && this.#unwritten === null) {
      this.#phase = this.#events.length === 0 ? 'stopped' : this.#after;
    } else {
      this.#fault = asFault(this.#unwritten ?? error);
      this.#phase = 'failed';
    }
    if (this.#events.length === 0) return;
    const text = this.#fault ? `Stopped: ${this.#fault.message}` : this.#phase === 'stopped' ? 'Stopped by hand.' : 'Paused.';
    try {
      await this.#append({ type: 'note', at: this.deps.date(), note: 'paused', text });
      this.#frames.flush();
      await this.deps.release(this.id);
    } catch (failure) {
      // The run itself is on disk up to its last turn; only this note is missing. The reason of the stop matters more.
      this.#fault ??= asFault(failure);
    }
  }

  /** Turns that were being spoken are not part of the run: the screen goes back to the facts. */
  #settlePartial(): void {
    this.#frames.flush();
    this.#state = foldAll(this.#events);
  }
}
