// Starts the engine's worker and loads the model in it; without the graphics card when the worker dies on it.
import type { AdapterFiles } from '../onnx/peft';
import { wishOf } from './device-probe';
import type { DeviceChoice, EngineModelRef, LoadProgress, TunedFiles } from './engine';
import { EngineError } from './fault';
import type { FetchQuestion } from './permit';
import type { FromEngine, LoadedEngine } from './protocol';
import { WorkerGone, WorkerLine } from './worker-line';

export interface WebEngineOptions {
  device?: DeviceChoice;
  onProgress?(progress: LoadProgress): void;
  /** Told when the engine died and was started again; the rows that were under way are spoken again from their start. */
  onRestart?(reason: string): void;
  /** Told when that start is over, one way or the other; `onProgress` was told its phases. */
  onRestarted?(): void;
  /**
   * May this be fetched from another site? Nothing is unless the answer is yes; without this function no model of a hub can be loaded that is
   * not kept here. Asked whenever the engine starts, also by itself after it stopped. The signal says that the question is void.
   */
  consent?(question: FetchQuestion, signal: AbortSignal): Promise<boolean>;
  signal?: AbortSignal;
  /** For a local model: what the user picked. */
  files?: readonly File[];
  adapters?: ReadonlyMap<string, AdapterFiles>;
  /** URL of the folder of built-in models, ending in a slash; beside the page when left out. */
  models?: string;
  createWorker?(): Worker;
}

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
