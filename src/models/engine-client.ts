// The engine as the page sees it: the same interface as in Node, with a worker behind it that is replaced when it dies.
import type { AdapterFiles } from '../onnx/peft';
import type { Engine, EngineModelRef, EngineRow, EngineUpdate, LoadProgress, TunedFiles } from './engine';
import { EngineError } from './fault';
import type { DeviceChoice, LoadedEngine, LoadRequest } from './protocol';
import { WorkerGone, WorkerLine } from './worker-line';

export interface WebEngineOptions {
  device?: DeviceChoice;
  onProgress?(progress: LoadProgress): void;
  /** Told when the engine died and was started again; the rows that were under way are spoken again from their start. */
  onRestart?(reason: string): void;
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
    signal = new AbortController().signal,
    createWorker = ownWorker,
  } = options;
  let device: DeviceChoice = options.device ?? 'auto';
  let line: WorkerLine;
  let loaded: LoadedEngine;
  let closed = false;
  // What a worker started anew has to speak with: the adapters it was first loaded with, until others were adopted.
  let adapters = options.adapters ?? new Map<string, AdapterFiles>();
  let agents: ReadonlyMap<string, TunedFiles> = new Map();

  const open = async (on: (progress: LoadProgress) => void, stop: AbortSignal): Promise<void> => {
    stop.throwIfAborted();
    const own = new WorkerLine(createWorker);
    line = own;
    const request: LoadRequest = {
      ref,
      device,
      models: options.models ?? new URL('models/', document.baseURI).href,
      files: options.files ?? [],
      adapters,
      agents,
      lock: own.lock,
    };
    try {
      const hear = (message: { type: string }): void => {
        if (message.type === 'progress') on((message as { progress: LoadProgress } & typeof message).progress);
      };
      loaded = (await own.call({ type: 'load', request }, 'loaded', hear, stop)).loaded;
    } catch (error) {
      own.close();
      throw error;
    }
  };

  /** A worker that dies while loading on the graphics card is tried once more without it. */
  const openOrFallBack = async (on: (progress: LoadProgress) => void, stop: AbortSignal): Promise<void> => {
    try {
      await open(on, stop);
    } catch (error) {
      if (!isDeath(error) || stop.aborted || device === 'wasm') throw error;
      device = 'wasm';
      const fellBack = { from: 'webgpu', to: 'wasm', reason: `The engine stopped while loading: ${wordsOf(error)}` };
      await open(progress => on({ ...progress, fellBack }), stop);
    }
  };

  await openOrFallBack(onProgress, signal);

  /** Runs `work`; when the engine dies under it, starts the engine again and `work` with it. */
  const surviving = async <T>(work: () => Promise<T>, answered: () => boolean, stop: AbortSignal): Promise<T> => {
    for (let deaths = 0; ;) {
      try {
        return await work();
      } catch (error) {
        if (!isDeath(error) || stop.aborted || closed) throw error;
        deaths = answered() ? 1 : deaths + 1;
        if (deaths > MOST_DEATHS)
          throw new EngineError(
            'device-lost',
            `The engine keeps stopping: ${wordsOf(error)}`,
            'Try a smaller model, or wasm instead of WebGPU.',
            error,
          );
        // The second time the graphics card is not trusted any more.
        if (deaths === MOST_DEATHS && loaded.facts.device === 'webgpu') device = 'wasm';
        line.close();
        onRestart(wordsOf(error));
        await openOrFallBack(() => undefined, stop);
      }
    }
  };

  const generate = async (rows: readonly EngineRow[], on: (update: EngineUpdate) => void, stop: AbortSignal): Promise<void> => {
    let left = [...rows];
    let finished = 0;
    let before = 0;
    const heard = (update: EngineUpdate): void => {
      if (update.type !== 'text') {
        const id = update.type === 'done' ? update.output.id : update.id;
        left = left.filter(row => row.id !== id);
        finished++;
      }
      on(update);
    };
    const answered = (): boolean => {
      const any = finished > before;
      before = finished;
      return any;
    };
    await surviving(
      async () => {
        if (left.length)
          await line.call(
            { type: 'generate', rows: left },
            'generated',
            message => message.type === 'update' && heard(message.update),
            stop,
          );
      },
      answered,
      stop,
    );
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
    get maxContext() {
      return loaded.maxContext;
    },
    generate,
    score: async (rows, stop) =>
      surviving(
        async () => (await line.call({ type: 'score', rows }, 'scored', nothing, stop)).rows,
        () => false,
        stop,
      ),
    tokenize: async messages =>
      surviving(
        async () => (await line.call({ type: 'tokenize', messages }, 'tokenized', nothing, never)).prompt,
        () => false,
        never,
      ),
    async adopt(chosen, stop) {
      await surviving(
        async () => void (await line.call({ type: 'adopt', agents: chosen }, 'adopted', nothing, stop)),
        () => false,
        stop,
      );
      adapters = new Map();
      agents = new Map(chosen);
    },
    probe: async (agent, file, stop) =>
      surviving(
        async () => (await line.call({ type: 'probe', agent, file }, 'probed', nothing, stop)).report,
        () => false,
        stop,
      ),
    async dispose() {
      closed = true;
      line.close();
    },
  };
}
