// What this tab is doing: one engine, at most one live run, the record, and whether another tab has the models.
import type { ModelRef, RunConfig } from '../../debate/config';
import type { EngineInfo, RunEvent } from '../../debate/events';
import type { Generate } from '../../debate/generate';
import { foldAll, type RunStart, type RunState } from '../../debate/fold';
import { allTurns } from '../../debate/schedule';
import type { Engine, TunedFiles } from '../../models/engine';
import type { Trial } from '../../models/try-out';
import { StoreError } from '../../store/errors';
import type { EngineLock } from '../../store/engineLock';
import type { Question } from '../../tasks/question';
import { EngineHost, type CreateEngine, type DeviceChoice } from './engine-host.svelte';
import { LiveRun, type Drive, type LiveDeps } from './live-run.svelte';
import { news } from './news';
import { downloadRun, Record } from './record.svelte';
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

/** A debate that somebody else asked for: a loop's. */
export interface SpeakPlan {
  run: string;
  /** The loop it is a debate of. */
  loop: string;
  title: string;
  config: RunConfig;
  questions: readonly Question[];
  /** Takes it from the tab that speaks it: the loop was taken over. */
  steal?: boolean;
}

/** Another tab holds the models: its runs can be followed, or the models taken over. */
export class EngineElsewhere extends Error {
  override readonly name = 'EngineElsewhere';
  readonly code = 'internal';
  readonly hint = 'Follow its run in the list of runs, or take over here: the other tab then pauses.';
  constructor() {
    super('Polylogue is running a model in another tab.');
  }
}

/** A loop asks many questions and is seldom paused: wide passes cost least per token. */
const loopWidth = 96;

const engineInfo = (engine: Engine): EngineInfo => ({ ...engine.facts });

export class Session {
  readonly setup = new Setup();
  readonly engine: EngineHost;
  readonly record: Record;
  #live = $state.raw<LiveRun | null>(null);
  #elsewhere = $state(false);
  #tookOver = $state(false);
  #lock: Promise<EngineLock> | null = null;
  /** Agents that the engine speaks with besides its base; they are gone with the engine. */
  #adopted: { engine: Engine; names: string } | null = null;

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
  }

  get live(): LiveRun | null {
    return this.#live;
  }

  /** True while another tab holds the models, as far as this one has looked. */
  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** True when another tab took the models from this one. */
  get tookOver(): boolean {
    return this.#tookOver;
  }

  /** Starts a run and makes it the live one; a run that was going on pauses and stays in the list. */
  async start(config: RunConfig, questions: readonly Question[], title: string): Promise<LiveRun> {
    const id = this.deps.newId();
    const fresh = (engine: EngineInfo, at: string): RunStart => ({
      type: 'run-started',
      schema: 1,
      run: id,
      at,
      title,
      app: this.deps.app,
      config,
      engine,
      questions: [...questions],
    });
    const live = await this.#begin(id, { fresh }, config, questions.length);
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
    const { run, loop, config, questions, title, steal = false } = plan;
    // Somebody may have gone on with this very debate elsewhere on the page.
    if (this.#live?.id === run) await this.#live.pause();
    const stored = await this.#stored(run);
    const before = stored ? foldAll(stored) : null;
    if (before?.finished) return before;
    const fresh = (engine: EngineInfo, at: string): RunStart => ({
      type: 'run-started',
      schema: 1,
      run,
      at,
      title,
      app: this.deps.app,
      config,
      engine,
      questions: [...questions],
    });
    let done = before?.ledger.calls ?? 0;
    const total = allTurns(config).length * questions.length;
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'turn' || type === 'turn-failed') onTurns(++done, total);
    };
    onTurns(done, total);
    const live = await this.#begin(run, stored ? { events: stored } : { fresh }, config, questions.length, {
      loop,
      onEvent,
      width: loopWidth,
    });
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
   * Makes exactly these kept weights speakable besides the base.
   * @returns the engine that speaks them, and what the weights came with
   * @throws EngineFault, EngineElsewhere, StoreError
   */
  async assemble(
    base: ModelRef,
    adapters: readonly string[],
    signal: AbortSignal,
  ): Promise<{ engine: Engine; files: ReadonlyMap<string, TunedFiles> }> {
    const engine = await this.engineOf(base, signal);
    const store = await this.record.store;
    const files = new Map<string, TunedFiles>();
    for (const id of adapters) {
      const kept = await store.adapters.read(id);
      if (kept.record.base !== engine.facts.modelHash)
        throw new StoreError(
          'conflict',
          `${id} was trained on other weights of ${base.id} than the ones loaded here.`,
          'Load the model it was trained on.',
        );
      files.set(id, kept.files);
    }
    await engine.adopt(files, signal);
    this.#adopted = { engine, names: [...adapters].sort().join('\n') };
    return { engine, files };
  }

  /**
   * Tries files out as an agent of this base; those who spoke before speak afterwards.
   * @throws EngineFault, EngineElsewhere, StoreError
   */
  async tryOut(base: ModelRef, files: TunedFiles, anyBase: boolean, signal: AbortSignal): Promise<Trial> {
    if (this.#live?.active) await this.#live.pause();
    const { tryOut } = await import('../../models/try-out');
    const engine = await this.engineOf(base, signal);
    const before = this.#adopted?.engine === engine ? this.#adopted.names.split('\n').filter(name => name !== '') : [];
    this.#adopted = null;
    try {
      return await tryOut(engine, files, anyBase, signal);
    } finally {
      await this.assemble(base, before, new AbortController().signal);
    }
  }

  /**
   * Goes on with a stored run.
   * @param steal takes it, and the models, from the tab that has them
   * @throws StoreError 'busy' while another tab writes to it, RangeError when it cannot be read
   */
  async resume(run: string, steal = false): Promise<LiveRun> {
    await (await this.record.store).claim(run, steal);
    if (steal) await this.takeEngine();
    if (this.#live?.id === run) {
      void this.#live.go();
      return this.#live;
    }
    const { events } = await this.record.read(run);
    const { start } = foldAll(events);
    if (!start) throw new RangeError('this run has no beginning');
    const live = await this.#begin(run, { events }, start.config, start.questions.length);
    void live.go();
    return live;
  }

  /** Takes the models from the other tab, which pauses, and goes on here. */
  async takeOver(): Promise<void> {
    await this.takeEngine();
    // The other tab may still be writing its last turn.
    void this.#live?.go(true);
  }

  /** Takes the models from the tab that has them, which stops what speaks there. */
  async takeEngine(): Promise<void> {
    await (await this.#engineLock()).steal();
    this.#elsewhere = false;
    this.#tookOver = false;
  }

  /** Looks whether another tab holds the models: told before anybody here asks for them. */
  async look(): Promise<void> {
    this.#elsewhere = await (await this.#engineLock()).elsewhere();
  }

  /** Hands out every run and loop that is not whole on disk. @throws StoreError when one cannot be read back */
  async exportUnsaved(): Promise<void> {
    const store = await this.record.store;
    // What came before the unsaved part is on disk, and reading it needs a connection.
    await this.record.retry();
    for (const { run, title, unsaved } of await store.listRuns()) {
      if (unsaved === 0) continue;
      try {
        await this.record.exportRun(run);
      } catch (error) {
        // The live run is whole in this tab, whatever became of the disk.
        if (!(error instanceof StoreError) || this.#live?.id !== run) throw error;
        await downloadRun(this.#live.file(), title);
      }
    }
    for (const { loop, title, unsaved } of await store.listLoops()) {
      if (unsaved === 0) continue;
      const { exportLoop } = await import('../loop/files');
      await exportLoop(store, loop, title);
    }
  }

  /** Loads a model without a run. @throws EngineFault, EngineElsewhere */
  async loadModel(base: ModelRef): Promise<void> {
    if (this.#live?.active) await this.#live.pause();
    await this.engineOf(base, new AbortController().signal);
  }

  async unload(): Promise<void> {
    await this.#live?.pause();
    await this.engine.unload();
    (await this.#lock)?.release();
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

  async #begin(
    id: string,
    plan: ConstructorParameters<typeof LiveRun>[1],
    config: RunConfig,
    questions: number,
    of: { loop?: string; width?: number; onEvent?: (event: RunEvent) => void } = {},
  ): Promise<LiveRun> {
    const before = this.#live;
    const live = new LiveRun(id, plan, allTurns(config).length * questions, questions, {
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

  async #engineFor({ base, seats }: RunConfig, signal: AbortSignal): ReturnType<LiveDeps['engine']> {
    const engine = await this.engineOf(base, signal);
    // A run that is resumed later brings its agents with it; a base society leaves what is loaded alone.
    const named = [...new Set(seats.flatMap(({ generator, critic }) => [generator, critic]).filter(id => id !== null))];
    const there = this.#adopted?.engine === engine ? this.#adopted.names.split('\n') : [];
    if (named.some(id => !there.includes(id))) await this.assemble(base, named, signal);
    const generate: Generate = async (rows, on, stop) => {
      await engine.generate(rows, on, stop);
      const { status } = this.engine;
      await this.#live?.engineIs(engineInfo(engine), status.kind === 'ready' ? status.fellBack?.reason : undefined);
    };
    return { info: engineInfo(engine), generate };
  }

  /** The engine with whatever agents it has, loaded if need be. @throws EngineFault, EngineElsewhere */
  async engineOf(base: ModelRef, signal: AbortSignal): Promise<Engine> {
    const lock = await this.#engineLock();
    if (!(await lock.take())) {
      this.#elsewhere = true;
      throw new EngineElsewhere();
    }
    this.#elsewhere = false;
    this.#tookOver = false;
    return this.engine.ensure(base, this.deps.device(), signal);
  }

  #engineLock(): Promise<EngineLock> {
    this.#lock ??= this.deps.lock(() => {
      this.#tookOver = true;
      void this.#live?.pause();
      void this.engine.unload();
    });
    return this.#lock;
  }
}
