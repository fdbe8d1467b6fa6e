// The engine `onnx` in a page: every job has a worker of its own, so jobs of a society train side by side and a failed one takes nothing along.
import { siteFolder } from '../../models/folder-site';
import { TrainError, type BaseModel, type Files, type TrainEngine, type TrainJob, type TrainUpdate } from '../engine';
import { describeBase, placeOf } from './base';
import type { FromJobWorker, PageBase, ToJobWorker, TrainDevice } from './page-protocol';

export interface WorkerEngineOptions {
  bases: readonly PageBase[];
  /** Jobs side by side; as many as there are processors by default, at most four. */
  slots?: number;
  /** `wasm` by default. */
  device?: TrainDevice;
  /** Milliseconds without a word from a worker after which it counts as hung. */
  silence?: number;
  /** Milliseconds from the request to stop until the worker is ended. */
  grace?: number;
  createWorker?(): Worker;
}

const ownWorker = (): Worker => new Worker(new URL('./page-worker.ts', import.meta.url), { type: 'module', name: 'polylogue-training' });

export function createWorkerEngine(options: WorkerEngineOptions): TrainEngine {
  const { slots = Math.max(1, Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1)) } = options;
  const places = options.bases.map(base => ({ ...base, folder: siteFolder(base.url, (url, init) => fetch(url, init)) }));
  let described: Promise<BaseModel[]> | undefined;
  return {
    name: 'onnx',
    seededRows: true,
    slots,
    methods: ['supervised', 'dpo'],
    bases() {
      described ??= Promise.all(places.map(place => describeBase(place)));
      // A page that was offline for a moment may ask again.
      described.catch(() => (described = undefined));
      return described;
    },
    async train(_id, job, on, signal) {
      signal.throwIfAborted();
      const { id, url, repo = null, revision = null } = placeOf(places, job.base) as (typeof places)[number];
      return runWorker({ id, url, repo, revision }, job, options, on, signal);
    },
  };
}

function runWorker(
  base: PageBase,
  job: TrainJob,
  { createWorker = ownWorker, device = 'wasm', silence = 600_000, grace = 20_000 }: WorkerEngineOptions,
  on: (update: TrainUpdate) => void,
  signal: AbortSignal,
): Promise<Files> {
  const worker = createWorker();
  const say = (message: ToJobWorker): void => worker.postMessage(message);
  let watch: ReturnType<typeof setTimeout> | undefined;
  let reaper: ReturnType<typeof setTimeout> | undefined;
  let stop: () => void = () => undefined;
  const work = new Promise<Files>((resolve, reject) => {
    const wait = (): void => {
      clearTimeout(watch);
      const words = `The worker said nothing for ${Math.round(silence / 1000)} seconds.`;
      watch = setTimeout(() => reject(new TrainError('timeout', words)), silence);
    };
    stop = () => {
      say({ type: 'stop' });
      reaper = setTimeout(() => reject(signal.reason), grace);
    };
    signal.addEventListener('abort', stop, { once: true });
    worker.onmessage = ({ data: message }: MessageEvent<FromJobWorker>) => {
      wait();
      if (message.type === 'update') {
        if (signal.aborted) return;
        try {
          on(message.update);
        } catch (error) {
          reject(error);
        }
      } else if (signal.aborted || message.type === 'stopped') reject(signal.reason);
      else if (message.type === 'done') resolve(message.files);
      else reject(new TrainError(message.code, message.message, message.param));
    };
    worker.onerror = event => {
      event.preventDefault();
      reject(new TrainError('worker_lost', event.message || 'The training worker stopped without a word.'));
    };
    wait();
    say({ type: 'train', base, job, device });
  });
  return work.finally(() => {
    clearTimeout(watch);
    clearTimeout(reaper);
    signal.removeEventListener('abort', stop);
    worker.terminate();
  });
}
