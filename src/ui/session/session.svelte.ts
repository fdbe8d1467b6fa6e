// What this tab is doing: one engine, at most one live run, the record, and whether another tab has the models.
import type { ModelRef, RunConfig } from '../../debate/config';
import type { EngineInfo, RunEvent } from '../../debate/events';
import type { Generate } from '../../debate/generate';
import { foldAll, type RunStart } from '../../debate/fold';
import { allTurns } from '../../debate/schedule';
import type { Engine } from '../../models/engine';
import type { EngineLock } from '../../store/engineLock';
import type { Question } from '../../tasks/question';
import { EngineHost, type CreateEngine, type DeviceChoice } from './engine-host.svelte';
import { LiveRun, type Drive, type LiveDeps } from './live-run.svelte';
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

/** Another tab holds the models: its runs can be followed, or the models taken over. */
export class EngineElsewhere extends Error {
  override readonly name = 'EngineElsewhere';
  readonly code = 'internal';
  readonly hint = 'Follow its run in the list of runs, or take over here: the other tab then pauses.';
  constructor() {
    super('Polylogue is running a model in another tab.');
  }
}

const engineInfo = (engine: Engine): EngineInfo => ({ ...engine.facts });

export class Session {
  readonly setup = new Setup();
  readonly engine: EngineHost;
  readonly record: Record;
  #live = $state.raw<LiveRun | null>(null);
  #elsewhere = $state(false);
  #tookOver = $state(false);
  #lock: Promise<EngineLock> | null = null;

  constructor(private readonly deps: SessionDeps) {
    this.record = deps.record;
    this.engine = new EngineHost(deps.createEngine, deps.now, (engine, reason) => {
      if (engine) void this.#live?.restarted(engineInfo(engine), reason);
    });
  }

  get live(): LiveRun | null {
    return this.#live;
  }

  /** True while another tab holds the models and this one wanted them. */
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
    return this.#begin(id, { fresh }, config, questions.length);
  }

  /** Goes on with a stored run. @throws StoreError, RangeError when it cannot be read */
  async resume(run: string): Promise<LiveRun> {
    if (this.#live?.id === run) {
      void this.#live.go();
      return this.#live;
    }
    const { events } = await this.record.read(run);
    const { start } = foldAll(events);
    if (!start) throw new RangeError('this run has no beginning');
    await (await this.record.store).claim(run);
    return this.#begin(run, { events }, start.config, start.questions.length);
  }

  /** Takes the models from the other tab, which pauses, and goes on here. */
  async takeOver(): Promise<void> {
    await (await this.#engineLock()).steal();
    this.#elsewhere = false;
    this.#tookOver = false;
    void this.#live?.go();
  }

  async exportLive(): Promise<void> {
    const file = this.#live?.file();
    const start = file?.events[0] as RunEvent | undefined;
    if (file && start?.type === 'run-started') await downloadRun(file, start.title);
  }

  /** Loads a model without a run. @throws EngineFault, EngineElsewhere */
  async loadModel(base: ModelRef): Promise<void> {
    if (this.#live?.active) await this.#live.pause();
    await this.#engineFor(base, new AbortController().signal);
  }

  async unload(): Promise<void> {
    await this.#live?.pause();
    await this.engine.unload();
    (await this.#lock)?.release();
  }

  async #begin(id: string, plan: ConstructorParameters<typeof LiveRun>[1], config: RunConfig, questions: number): Promise<LiveRun> {
    const before = this.#live;
    const live = new LiveRun(id, plan, allTurns(config).length * questions, questions, {
      drive: this.deps.drive,
      engine: signal => this.#engineFor(config.base, signal),
      create: start => this.record.create(start),
      append: (run, event) => this.record.append(run, event),
      release: async run => (await this.record.store).release(run),
      date: this.deps.date,
      now: this.deps.now,
    });
    this.#live = live;
    // The old run's rows must be out of the engine before the new one's go in.
    await before?.pause();
    void live.go();
    return live;
  }

  async #engineFor(base: ModelRef, signal: AbortSignal): ReturnType<LiveDeps['engine']> {
    const lock = await this.#engineLock();
    if (!(await lock.take())) {
      this.#elsewhere = true;
      throw new EngineElsewhere();
    }
    this.#elsewhere = false;
    this.#tookOver = false;
    const engine = await this.engine.ensure(base, this.deps.device(), signal);
    const generate: Generate = async (rows, on, stop) => {
      await engine.generate(rows, on, stop);
      await this.#live?.engineIs(engineInfo(engine));
    };
    return { info: engineInfo(engine), generate };
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
