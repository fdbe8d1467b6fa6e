// Lets a journey drive the engine of the page: what the product's page calls, and the numeric cases in a worker of their own.
import { createWebEngine } from '../../../src/models/engine-client';
import type { WebEngineOptions } from '../../../src/models/engine-starter';
import { describeModel } from '../../../src/models/describe-model';
import type { FetchQuestion } from '../../../src/models/permit';
import type {
  Engine,
  EngineModelRef,
  EngineOutput,
  EngineRow,
  EngineUpdate,
  LoadProgress,
  ScoreRow,
  TunedFiles,
} from '../../../src/models/engine';

export interface Spoken {
  outputs: EngineOutput[];
  failed: { id: string; code: string }[];
  texts: number;
}

const engines = new Map<string, Engine>();
const progress: LoadProgress[] = [];
const restarts: string[] = [];
const questions: FetchQuestion[] = [];
const workers: Worker[] = [];
const faultOf = (error: unknown) => {
  const { code, message, name } = error as { code?: unknown; message?: string; name?: string };
  return { code: typeof code === 'string' ? code : (name ?? 'unknown'), message: String(message) };
};

const api = {
  progress,
  restarts,
  /** What the user was asked; the answer is always this one. */
  questions,
  agree: true,
  async load(
    name: string,
    ref: EngineModelRef,
    { fault, ...options }: Omit<WebEngineOptions, 'onProgress' | 'signal'> & { fault?: string } = {},
    cancelAt?: string,
  ) {
    const abort = new AbortController();
    progress.length = 0;
    try {
      const engine = await createWebEngine(ref, {
        ...options,
        ...(fault
          ? { createWorker: () => new Worker(new URL('./faulty.worker.ts', import.meta.url), { type: 'module', name: fault }) }
          : {}),
        signal: abort.signal,
        consent: async question => {
          questions.push(question);
          return api.agree;
        },
        onRestart: reason => restarts.push(reason),
        onProgress: p => {
          progress.push(p);
          if (p.phase === cancelAt && p.done > 0) abort.abort(new DOMException('Cancelled.', 'AbortError'));
        },
      });
      engines.set(name, engine);
      return { facts: engine.facts, checks: engine.checks, isolated: crossOriginIsolated };
    } catch (error) {
      return { failed: faultOf(error) };
    }
  },
  async speak(name: string, rows: EngineRow[], abortAfterMs?: number): Promise<Spoken & { aborted?: string }> {
    const spoken: Spoken = { outputs: [], failed: [], texts: 0 };
    const hear = (update: EngineUpdate): void => {
      if (update.type === 'done') spoken.outputs.push(update.output);
      else if (update.type === 'failed') spoken.failed.push({ id: update.id, code: update.error.code });
      else spoken.texts++;
    };
    const abort = new AbortController();
    if (abortAfterMs !== undefined) setTimeout(() => abort.abort(new DOMException('Cancelled.', 'AbortError')), abortAfterMs);
    try {
      await engines.get(name)!.generate(rows, hear, abort.signal);
      return spoken;
    } catch (error) {
      return { ...spoken, aborted: faultOf(error).code };
    }
  },
  score: (name: string, rows: ScoreRow[]) => engines.get(name)!.score(rows, new AbortController().signal),
  tokenize: (name: string, content: string) => engines.get(name)!.tokenize([{ role: 'user', content }]),
  /** @param agents by id, each file as the numbers of its bytes */
  async adopt(name: string, agents: Record<string, Record<string, number[]>>) {
    const files = (own: Record<string, number[]>): TunedFiles =>
      Object.fromEntries(Object.entries(own).map(([file, bytes]) => [file, Uint8Array.from(bytes)]));
    const chosen = new Map(Object.entries(agents).map(([id, own]) => [id, files(own)]));
    try {
      await engines.get(name)!.adopt(chosen, new AbortController().signal);
      return { adopted: [...chosen.keys()] };
    } catch (error) {
      return { failed: faultOf(error) };
    }
  },
  async probe(name: string, agent: string, file: number[]) {
    try {
      return await engines.get(name)!.probe(agent, Uint8Array.from(file), new AbortController().signal);
    } catch (error) {
      return { failed: faultOf(error) };
    }
  },
  dispose: (name: string) => engines.get(name)!.dispose(),
  async describe(ref: EngineModelRef, device?: 'wasm' | 'webgpu') {
    try {
      return await describeModel(ref, device ? { device } : {});
    } catch (error) {
      return { failed: faultOf(error) };
    }
  },
  /** Ends every worker of this page from outside, as an operating system short of memory would. */
  killWorkers: () => workers.splice(0).forEach(worker => worker.terminate()),
  /** Bytes of the wasm memory of the worker started last; it must be one with a fault, be it 'none'. */
  heap: () =>
    new Promise<number | null>(resolve => {
      const worker = workers.at(-1)!;
      worker.addEventListener('message', ({ data }: MessageEvent<{ heap?: number | null }>) => {
        if (data.heap !== undefined) resolve(data.heap);
      });
      worker.postMessage('tell the heap');
    }),
  /** @param independent the reference runs on the processor even where activations are rounded */
  numeric: (device: 'wasm' | 'webgpu', names: string[], form: 'per row' | 'pooled' | 'baked', independent = false) =>
    new Promise(resolve => {
      const worker = new Worker(new URL('./numeric.worker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data);
      };
      worker.onerror = event => resolve({ failed: event.message });
      worker.postMessage({ device, names, form, independent });
    }),
};

const Plain = globalThis.Worker;
globalThis.Worker = class extends Plain {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
};

export type EngineApi = typeof api;
Object.assign(globalThis, { engine: api });
