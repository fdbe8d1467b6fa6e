// Starts the engine's worker and loads the model in it; without the graphics card when the worker dies on it.
import type { AdapterFiles } from '../onnx/peft';
import { wishOf } from './device-probe';
import type { EngineModelRef, LoadProgress, TunedFiles } from './engine';
import type { WebEngineOptions } from './engine-client';
import { EngineError } from './fault';
import type { DeviceChoice, FromEngine, LoadedEngine } from './protocol';
import { WorkerGone, WorkerLine } from './worker-line';

const ownWorker = (): Worker => new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-engine' });

export const isDeath = (error: unknown): boolean =>
  error instanceof WorkerGone || (error instanceof EngineError && error.code === 'device-lost');
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class EngineStarter {
  readonly #ref: EngineModelRef;
  readonly #options: WebEngineOptions;
  #device: DeviceChoice;
  #fellBack: LoadProgress['fellBack'];
  /** The device the worker is loading on, as far as it told. */
  #tried: LoadProgress['device'];
  #line: WorkerLine | null = null;
  /** What a worker has to speak with: the adapters the engine was first loaded with, until others were adopted. */
  #adapters: ReadonlyMap<string, AdapterFiles>;
  #agents: ReadonlyMap<string, TunedFiles> = new Map();

  constructor(ref: EngineModelRef, options: WebEngineOptions) {
    this.#ref = ref;
    this.#options = options;
    this.#device = wishOf(ref, options.device ?? 'auto');
    this.#adapters = options.adapters ?? new Map<string, AdapterFiles>();
  }

  /** The worker started last, whether it loads, speaks or is gone. */
  get line(): WorkerLine {
    if (!this.#line) throw new Error('no worker was started');
    return this.#line;
  }

  /** Workers started from now on speak with these. */
  adopted(agents: ReadonlyMap<string, TunedFiles>): void {
    this.#adapters = new Map();
    this.#agents = new Map(agents);
  }

  /** From now on without the graphics card. */
  giveUp(reason: string): void {
    this.#device = 'wasm';
    this.#fellBack = { from: 'webgpu', to: 'wasm', reason };
  }

  /** @throws EngineError, or `stop.reason` */
  async start(stop: AbortSignal): Promise<LoadedEngine> {
    try {
      return await this.#open(stop);
    } catch (error) {
      if (!isDeath(error) || stop.aborted) throw error;
      const reason = `The engine stopped while loading: ${wordsOf(error)}`;
      if (this.#tried !== 'webgpu')
        throw new EngineError('device-lost', reason, 'Try again; if it stops again, try a smaller model.', error);
      this.giveUp(reason);
      return this.#open(stop);
    }
  }

  async #open(stop: AbortSignal): Promise<LoadedEngine> {
    stop.throwIfAborted();
    const { createWorker = ownWorker, consent = async () => false, onProgress, models, files = [] } = this.#options;
    const line = new WorkerLine(createWorker);
    this.#line = line;
    this.#tried = undefined;
    const over = new AbortController();
    const hear = (message: FromEngine): void => {
      if (message.type === 'ask')
        consent(message.question, over.signal).then(
          yes => line.answer(message.id, yes),
          () => line.answer(message.id, false),
        );
      if (message.type !== 'progress') return;
      const { progress } = message;
      this.#tried = progress.device ?? this.#tried;
      onProgress?.(this.#fellBack && !progress.fellBack ? { ...progress, fellBack: this.#fellBack } : progress);
    };
    const request = {
      ref: this.#ref,
      device: this.#device,
      models: models ?? new URL('models/', document.baseURI).href,
      files,
      adapters: this.#adapters,
      agents: this.#agents,
      lock: line.lock,
    };
    try {
      return (await line.call({ type: 'load', request }, 'loaded', hear, stop)).loaded;
    } catch (error) {
      line.close();
      throw error;
    } finally {
      over.abort(new DOMException('The load is over.', 'AbortError'));
    }
  }
}
