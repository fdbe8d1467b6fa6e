// The models, as far as this tab has them: taken from other tabs, loaded, and speaking as the agents that were asked for.
import type { ModelRef, RunConfig } from '../../debate/config';
import type { Engine, TunedFiles } from '../../models/engine';
import type { Trial } from '../../models/try-out';
import type { Adapters } from '../../store/adapters';
import type { EngineLock } from '../../store/engineLock';
import { StoreError } from '../../store/errors';
import type { DeviceChoice, EngineHost } from './engine-host.svelte';

export interface ModelsDeps {
  engine: EngineHost;
  /** @param onLost another tab took the models */
  lock: (onLost: () => void) => Promise<EngineLock>;
  device: () => DeviceChoice;
  adapters: () => Promise<Adapters>;
  /** Pauses whatever speaks. */
  quiet: () => Promise<void>;
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

export class Models {
  #elsewhere = $state(false);
  #tookOver = $state(false);
  #lock: Promise<EngineLock> | null = null;
  /** Agents that the engine speaks as besides its base; they are gone with the engine. */
  #adopted: { engine: Engine; agents: readonly string[] } | null = null;

  constructor(private readonly deps: ModelsDeps) {}

  /** True while another tab holds the models, as far as this one has looked. */
  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** True when another tab took the models from this one. */
  get tookOver(): boolean {
    return this.#tookOver;
  }

  /** Looks whether another tab holds the models: told before anybody here asks for them. */
  async look(): Promise<void> {
    this.#elsewhere = await (await this.#engineLock()).elsewhere();
  }

  /** Takes the models from the tab that has them, which stops what speaks there. */
  async take(): Promise<void> {
    await (await this.#engineLock()).steal();
    this.#elsewhere = false;
    this.#tookOver = false;
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
    return this.deps.engine.ensure(base, this.deps.device(), signal);
  }

  /**
   * The engine with the agents of a debate, which a run that is resumed brings with it; a base society leaves what is loaded alone.
   * @throws EngineFault, EngineElsewhere, StoreError
   */
  async engineFor({ base, seats }: RunConfig, signal: AbortSignal): Promise<Engine> {
    const engine = await this.engineOf(base, signal);
    const named = [...new Set(seats.flatMap(({ generator, critic }) => [generator, critic]).filter(id => id !== null))];
    const there = this.#agentsOf(engine);
    if (named.some(id => !there.includes(id))) await this.assemble(base, named, signal);
    return engine;
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
    const store = await this.deps.adapters();
    const files = new Map<string, TunedFiles>();
    for (const id of adapters) {
      const kept = await store.read(id);
      if (kept.record.base !== engine.facts.modelHash)
        throw new StoreError(
          'conflict',
          `${id} was trained on other weights of ${base.id} than the ones loaded here.`,
          'Load the model it was trained on.',
        );
      files.set(id, kept.files);
    }
    await engine.adopt(files, signal);
    this.#adopted = { engine, agents: [...adapters] };
    return { engine, files };
  }

  /**
   * Tries files out as an agent of this base; those who spoke before speak afterwards.
   * @throws EngineFault, EngineElsewhere, StoreError
   */
  async tryOut(base: ModelRef, files: TunedFiles, anyBase: boolean, signal: AbortSignal): Promise<Trial> {
    await this.deps.quiet();
    const { tryOut } = await import('../../models/try-out');
    const engine = await this.engineOf(base, signal);
    const before = this.#agentsOf(engine);
    this.#adopted = null;
    try {
      return await tryOut(engine, files, anyBase, signal);
    } finally {
      await this.assemble(base, before, new AbortController().signal);
    }
  }

  /** Loads a model without a run. @throws EngineFault, EngineElsewhere */
  async load(base: ModelRef): Promise<void> {
    await this.deps.quiet();
    await this.engineOf(base, new AbortController().signal);
  }

  async unload(): Promise<void> {
    await this.deps.quiet();
    await this.deps.engine.unload();
    (await this.#lock)?.release();
  }

  #agentsOf = (engine: Engine): readonly string[] => (this.#adopted?.engine === engine ? this.#adopted.agents : []);

  #engineLock(): Promise<EngineLock> {
    this.#lock ??= this.deps.lock(() => {
      this.#tookOver = true;
      void this.deps.quiet();
      void this.deps.engine.unload();
    });
    return this.#lock;
  }
}
