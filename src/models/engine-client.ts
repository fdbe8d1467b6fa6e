// The engine as the page sees it: the same interface as in Node, with a worker behind it that is replaced when it dies.
import type { AdapterFiles } from '../onnx/peft';
import { wishOf } from './device-probe';
import type { Engine, EngineModelRef, EngineRow, EngineUpdate, LoadProgress, TunedFiles } from './engine';
import { EngineError } from './fault';
import type { DeviceChoice, FromEngine, LoadedEngine, LoadRequest } from './protocol';
import type { FetchQuestion } from './permit';
import { WorkerGone, WorkerLine } from './worker-line';

export interface WebEngineOptions {
  device?: DeviceChoice;
  onProgress?(progress: LoadProgress): void;
  /** Told when the engine died and was started again; the rows that were under way are spoken again from their start. */
  onRestart?(reason: string): void;
  /** Told when it speaks again; `onProgress` was told the phases of that load. */
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

/** Deaths in a row, without a single answer between them, after which it is no accident. */
const MOST_DEATHS = 2;

const isDeath = (error: unknown): boolean => error instanceof WorkerGone || (error instanceof EngineError && error.code === 'device-lost');
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * @throws EngineError, or `signal.reason` when the load was cancelled
 */
export async function createWebEngine(ref: EngineModelRef, options: WebEngineOptions = {}): Promise<Engine> {
  const {
    onProgress = () => undefined,
    onRestart = () => undefined,
    onRestarted = () => undefined,
    consent = async () => false,
    signal = new AbortController().signal,
    createWorker = ownWorker,
  } = options;
  let device = wishOf(ref, options.device ?? 'auto');
  let fellBack: LoadProgress['fellBack'];
  let line: WorkerLine;
  let loaded: LoadedEngine;
  // What a worker started anew has to speak with: the adapters it was first loaded with, until others were adopted.
  let adapters = options.adapters ?? new Map<string, AdapterFiles>();
  let agents: ReadonlyMap<string, TunedFiles> = new Map();
  const life = new AbortController();

  /** The device the worker is loading on, as far as it told. */
  let tried: LoadProgress['device'];

  const open = async (stop: AbortSignal): Promise<void> => {
    stop.throwIfAborted();
    const own = new WorkerLine(createWorker);
    line = own;
    tried = undefined;
    const request: LoadRequest = {
      ref,
      device,
      models: options.models ?? new URL('models/', document.baseURI).href,
      files: options.files ?? [],
      adapters,
      agents,
      lock: own.lock,
    };
    const over = new AbortController();
    const hear = (message: FromEngine): void => {
      if (message.type === 'ask')
        consent(message.question, over.signal).then(
          yes => own.answer(message.id, yes),
          () => own.answer(message.id, false),
        );
      if (message.type !== 'progress') return;
      tried = message.progress.device ?? tried;
      onProgress(fellBack && !message.progress.fellBack ? { ...message.progress, fellBack } : message.progress);
    };
    try {
      loaded = (await own.call({ type: 'load', request }, 'loaded', hear, stop)).loaded;
    } catch (error) {
      own.close();
      throw error;
    } finally {
      over.abort(new DOMException('The load is over.', 'AbortError'));
    }
  };

  const giveUp = (reason: string): void => {
    device = 'wasm';
    fellBack = { from: 'webgpu', to: 'wasm', reason };
  };

  /** A worker that dies while loading on the graphics card is tried once more without it. */
  const openOrFallBack = async (stop: AbortSignal): Promise<void> => {
    try {
      await open(stop);
    } catch (error) {
      if (!isDeath(error) || stop.aborted) throw error;
      const reason = `The engine stopped while loading: ${wordsOf(error)}`;
      if (tried !== 'webgpu') throw new EngineError('device-lost', reason, 'Try again; if it stops again, try a smaller model.', error);
      giveUp(reason);
      await open(stop);
    }
  };

  await openOrFallBack(signal);

  /** Deaths in a row, without a finished answer between them. */
  let deaths = 0;
  let restarting: Promise<void> | null = null;
  const restart = async (error: unknown): Promise<void> => {
    deaths++;
    if (deaths > MOST_DEATHS) {
      deaths = 0;
      throw new EngineError(
        'device-lost',
        `The engine keeps stopping: ${wordsOf(error)}`,
        'Try a smaller model, or wasm instead of WebGPU.',
        error,
      );
    }
    // The second time the graphics card is not trusted any more.
    if (deaths === MOST_DEATHS && loaded.facts.device === 'webgpu') giveUp(`The engine stopped twice: ${wordsOf(error)}`);
    line.close();
    onRestart(wordsOf(error));
    await openOrFallBack(life.signal);
    onRestarted();
  };

  /** Runs `work`; when the engine dies under it, starts the engine again, once for all who wait, and `work` with it. */
  const surviving = async <T>(work: () => Promise<T>, stop: AbortSignal): Promise<T> => {
    for (;;) {
      await orStop(restarting ?? Promise.resolve(), stop);
      const used = line;
      try {
        const result = await work();
        deaths = 0;
        return result;
      } catch (error) {
        if (!isDeath(error) || stop.aborted || life.signal.aborted) throw error;
        if (line === used) restarting ??= restart(error).finally(() => (restarting = null));
      }
    }
  };

  const generate = async (rows: readonly EngineRow[], on: (update: EngineUpdate) => void, stop: AbortSignal): Promise<void> => {
    let left = [...rows];
    const heard = (update: EngineUpdate): void => {
      if (update.type !== 'text') {
        const id = update.type === 'done' ? update.output.id : update.id;
        left = left.filter(row => row.id !== id);
        deaths = 0;
      }
      on(update);
    };
    await surviving(async () => {
      if (left.length)
        await line.call({ type: 'generate', rows: left }, 'generated', message => message.type === 'update' && heard(message.update), stop);
    }, stop);
  };

  const nothing = (): void => undefined;
  const never = new AbortController().signal;
  return {
    get facts() {
      return loaded.facts;
    },
    get checks() {
      return loaded.checks;
    },
    get warnings() {
      return loaded.warnings;
    },
    get maxContext() {
      return loaded.maxContext;
    },
    generate,
    score: (rows, stop) => surviving(async () => (await line.call({ type: 'score', rows }, 'scored', nothing, stop)).rows, stop),
    tokenize: messages =>
      surviving(async () => (await line.call({ type: 'tokenize', messages }, 'tokenized', nothing, never)).prompt, never),
    async adopt(chosen, stop) {
      const { now } = await surviving(() => line.call({ type: 'adopt', agents: chosen }, 'adopted', nothing, stop), stop);
      loaded = { ...loaded, ...now };
      adapters = new Map();
      agents = new Map(chosen);
    },
    probe: (agent, file, stop) =>
      surviving(async () => (await line.call({ type: 'probe', agent, file }, 'probed', nothing, stop)).report, stop),
    async dispose() {
      life.abort(new DOMException('The engine was unloaded.', 'AbortError'));
      line.close();
    },
  };
}

/** Waits for `work`, but no longer than `stop`. */
function orStop(work: Promise<void>, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) return reject(stop.reason as Error);
    const give = (): void => reject(stop.reason as Error);
    stop.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', give));
  });
}
