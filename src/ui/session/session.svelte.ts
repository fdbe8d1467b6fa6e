// What this tab is doing: one engine, at most one live run, the record.
import type { RunConfig } from '../../debate/config';
import type { EngineInfo, RunEvent } from '../../debate/events';
import type { Generate } from '../../debate/generate';
import { foldAll, type RunStart, type RunState } from '../../debate/fold';
import { allTurns } from '../../debate/schedule';
import type { Engine } from '../../models/engine';
import { StoreError } from '../../store/errors';
import type { EngineLock } from '../../store/engineLock';
import type { Question } from '../../tasks/question';
import { EngineHost, type CreateEngine, type DeviceChoice } from './engine-host.svelte';
import { LiveRun, type Drive, type LiveDeps } from './live-run.svelte';
import { Models } from './models.svelte';
import { news } from './news';
import type { Record } from './record.svelte';
import { Setup } from './setup.svelte';

export interface SessionDeps {
  createEngine: CreateEngine;
  drive: Drive;
  record: Record;
  /** @param onLost another tab took the models */
  lock: (onLost: () => void) => Promise<EngineLock>;
  device: () => DeviceChoice;
  date: () => string;
  now: () => number;
  newId: () => string;
  app: string;
}

interface Debate {
  run: string;
  title: string;
  config: RunConfig;
  questions: readonly Question[];
}

/** A debate that somebody else asked for: a loop's. */
export interface SpeakPlan extends Debate {
  /** The loop it is a debate of. */
  loop: string;
  /** Takes it from the tab that speaks it: the loop was taken over. */
  steal?: boolean;
}

/** A loop asks many questions and is seldom paused: wide passes cost least per token. */
const loopWidth = 96;

const engineInfo = (engine: Engine): EngineInfo => ({ ...engine.facts });

export class Session {
  readonly setup = new Setup();
  readonly engine: EngineHost;
  readonly models: Models;
  readonly record: Record;
  #live = $state.raw<LiveRun | null>(null);

  constructor(private readonly deps: SessionDeps) {
    this.record = deps.record;
    this.record.onChange(({ run, kind, elsewhere, events }) => {
      if (elsewhere && kind === 'appended' && this.#live?.id === run) this.#live.overtake(events);
      // What was deleted is not offered again, in whichever tab that was.
      if (kind === 'deleted' && this.#live?.id === run && !this.#live.active) this.#live = null;
    });
    this.engine = new EngineHost(deps.createEngine, deps.now, (engine, reason) => {
      if (engine) void this.#live?.restarted(engineInfo(engine), reason);
    });
    this.models = new Models({
      engine: this.engine,
      lock: deps.lock,
      device: deps.device,
      adapters: async () => (await deps.record.store).adapters,
      quiet: async () => this.#live?.pause(),
    });
  }

  get live(): LiveRun | null {
    return this.#live;
  }

  /** Starts a run and makes it the live one; a run that was going on pauses and stays in the list. */
  async start(config: RunConfig, questions: readonly Question[], title: string): Promise<LiveRun> {
    const live = await this.#begin({ run: this.deps.newId(), title, config, questions }, null);
    void live.go();
    return live;
  }

  /**
   * Speaks a whole debate, or what is left of it, as the live run of this tab, and keeps it.
   * @param onTurns told after each turn how many are there, of how many
   * @throws EngineFault when it stops by itself, AbortError when anybody pauses it
   */
  async speak(plan: SpeakPlan, onTurns: (done: number, total: number) => void, signal: AbortSignal): Promise<RunState> {
    signal.throwIfAborted();
    const { run, loop, config, questions, steal = false } = plan;
    // Somebody may have gone on with this very debate elsewhere on the page.
    if (this.#live?.id === run) await this.#live.pause();
    const stored = await this.#stored(run);
    const before = stored ? foldAll(stored) : null;
    if (before?.finished) return before;
    let done = before?.ledger.calls ?? 0;
    const total = allTurns(config).length * questions.length;
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'turn' || type === 'turn-failed') onTurns(++done, total);
    };
    onTurns(done, total);
    const live = await this.#begin(plan, stored, { loop, onEvent, width: loopWidth });
    signal.throwIfAborted();
    const pause = (): void => void live.pause();
    signal.addEventListener('abort', pause, { once: true });
    await live.go(steal);
    signal.removeEventListener('abort', pause);
    signal.throwIfAborted();
    if (live.phase === 'finished') return live.state;
    if (live.fault) throw Object.assign(new Error(live.fault.message), live.fault);
    throw new DOMException('The debate was paused.', 'AbortError');
  }

  /**
   * Goes on with a stored run.
   * @param steal takes it, and the models, from the tab that has them
   * @throws StoreError 'busy' while another tab writes to it, RangeError when it cannot be read
   */
  async resume(run: string, steal = false): Promise<LiveRun> {
    await (await this.record.store).claim(run, steal);
    if (steal) await this.models.take();
    if (this.#live?.id === run) {
      void this.#live.go();
      return this.#live;
    }
    const { events } = await this.record.read(run);
    const { start } = foldAll(events);
    if (!start) throw new RangeError('this run has no beginning');
    const live = await this.#begin(start, events);
    void live.go();
    return live;
  }

  /** Takes the models from the other tab, which pauses, and goes on here. */
  async takeOver(): Promise<void> {
    await this.models.take();
    // The other tab may still be writing its last turn.
    void this.#live?.go(true);
  }

  /** Null when there is no such run yet. */
  async #stored(run: string): Promise<RunEvent[] | null> {
    try {
      return (await this.record.read(run)).events;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') return null;
      throw error;
    }
  }

  /** @param events what there is of it already; null = it is a new one */
  async #begin(
    { run: id, title, config, questions }: Debate,
    events: readonly RunEvent[] | null,
    of: { loop?: string; width?: number; onEvent?: (event: RunEvent) => void } = {},
  ): Promise<LiveRun> {
    const before = this.#live;
    const { app } = this.deps;
    const fresh = (engine: EngineInfo, at: string): RunStart => ({
      type: 'run-started',
      schema: 1,
      run: id,
      at,
      title,
      app,
      config,
      engine,
      questions: [...questions],
    });
    const turns = allTurns(config).length * questions.length;
    const live = new LiveRun(id, events ? { events } : { fresh }, turns, questions.length, {
      drive: this.deps.drive,
      engine: signal => this.#engineFor(config, signal),
      create: start => this.record.create(start, of.loop),
      append: async (run, event) => {
        await this.record.append(run, event);
        of.onEvent?.(event);
      },
      claim: (run, known, steal) => this.#claim(run, known, steal),
      release: async run => (await this.record.store).release(run),
      date: this.deps.date,
      now: this.deps.now,
      ...(of.width === undefined ? {} : { width: of.width }),
    });
    this.#live = live;
    // The old run's rows must be out of the engine before the new one's go in.
    await before?.pause();
    return live;
  }

  async #claim(run: string, known: number, steal: boolean): Promise<RunEvent[]> {
    const store = await this.record.store;
    await store.claim(run, steal);
    return news(() => store.readRun(run, known));
  }

  async #engineFor(config: RunConfig, signal: AbortSignal): ReturnType<LiveDeps['engine']> {
    const engine = await this.models.engineFor(config, signal);
    const generate: Generate = async (rows, on, stop) => {
      await engine.generate(rows, on, stop);
      const { status } = this.engine;
      await this.#live?.engineIs(engineInfo(engine), status.kind === 'ready' ? status.fellBack?.reason : undefined);
    };
    return { info: engineInfo(engine), generate };
  }
}
