// Training in this page: the tuner's app in a worker, reached through a `fetch`. The one file of this room that the interface may import.
import { pageOrigin } from '../finetune/endpoint-address';
import { fetchOverPort, type PortFetch, type TunerFetch } from './page-fetch';
import type { CloseTuner, FromTunerWorker, OpenTuner } from './page-wire';
import type { TrainDevice } from './train/page-protocol';

export type { TunerFetch } from './page-fetch';

export class PageTunerError extends Error {
  override readonly name = 'PageTunerError';
  constructor(
    /** `elsewhere`: another tab trains; `died`: the worker keeps ending; `failed`: it could not start. */
    readonly code: 'elsewhere' | 'died' | 'failed',
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export interface PageTuner {
  /** Behaves as the network's; a call that was under way when the worker died rejects with a TypeError, as a lost connection does. */
  fetch: TunerFetch;
  /** What OpenAI's client calls `baseURL`, without the `/v1`. */
  baseUrl: string;
  /** Bearer token that this tuner takes; made here, kept nowhere. */
  token: string;
  /** Stops training between two steps and ends the worker. A job that was running goes on from its last checkpoint when the tuner is opened again. */
  close(): Promise<void>;
}

export interface PageTunerOptions {
  /** URL of the folder of built-in models, ending in a slash; beside the page when left out. */
  models?: string;
  /** `wasm` by default; on `webgpu` a job fails where there is no adapter. */
  device?: TrainDevice;
  /** The worker died and was started again; jobs go on from their last checkpoints. */
  onRestart?(reason: string): void;
  /** Milliseconds to wait for a tab that is just closing (a reload of this one) before the lock is believed. */
  patience?: number;
  createWorker?(): Worker;
}

/** Held by the tab whose tuner runs: two would write the same files. */
export const tunerLock = 'polylogue-tuner';

/** Not a place on any network: what is asked under it reaches the worker's port and nothing else. */
const origin = pageOrigin;

/** Milliseconds in which a step ends and its checkpoint is put away. */
const grace = 5000;

/** Deaths in a row, without a single answer between them, after which it is no accident. */
const mostDeaths = 3;

const ownWorker = (): Worker => new Worker(new URL('./page.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-tuner' });

const randomToken = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), byte => byte.toString(16).padStart(2, '0')).join('');

/** @returns how to let go, or null when another tab holds it. Without locks (plain http on a network address) tabs cannot see each other. */
async function takeLock(patience: number): Promise<(() => void) | null> {
  const { locks } = navigator;
  if (!locks) return () => undefined;
  return new Promise((resolve, reject) => {
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(), patience);
    locks
      .request(tunerLock, { signal: wait.signal }, () => {
        clearTimeout(timer);
        return new Promise<void>(release => resolve(release));
      })
      .catch((error: unknown) => (wait.signal.aborted ? resolve(null) : reject(error as Error)));
  });
}

interface Running {
  line: PortFetch;
  /** Something came back from this worker. */
  answered: boolean;
  end(reason: string): void;
  /** Lets the app put everything away first, for some seconds. */
  close(): Promise<void>;
}

/** @throws PageTunerError */
export async function openPageTuner(options: PageTunerOptions = {}): Promise<PageTuner> {
  const { onRestart = () => undefined, patience = 6000, device = 'wasm', createWorker = ownWorker } = options;
  const models = options.models ?? new URL('models/', document.baseURI).href;
  const token = randomToken();
  const release = await takeLock(patience);
  if (!release) {
    throw new PageTunerError(
      'elsewhere',
      'Training runs in another tab of this browser.',
      'Go on in that tab, or close it and try again here.',
    );
  }

  let deaths = 0;
  let closed: Error | null = null;
  let running: Promise<Running>;

  /** Starts a worker and resolves when its app answers; `onDeath` hears once if it ends by itself. */
  function start(onDeath: (reason: string, answered: boolean) => void): Promise<Running> {
    return new Promise((resolve, reject) => {
      const worker = createWorker();
      const { port1, port2 } = new MessageChannel();
      const line = fetchOverPort(port1);
      const lock = navigator.locks ? `${tunerLock}-${crypto.randomUUID()}` : '';
      let over = false;
      let up = false;
      const end = (reason: string): void => {
        if (over) return;
        over = true;
        worker.terminate();
        line.end(new TypeError(reason));
      };
      let closed: () => void = () => undefined;
      const close = (): Promise<void> =>
        new Promise(resolve => {
          closed = resolve;
          setTimeout(resolve, grace);
          worker.postMessage({ type: 'close' } satisfies CloseTuner);
        });
      const me: Running = { line, answered: false, end, close };
      const die = (reason: string): void => {
        if (over) return;
        end(reason);
        if (up) onDeath(reason, me.answered);
        else
          reject(new PageTunerError('failed', `Training could not start in this page: ${reason}`, 'Reload the page, or train elsewhere.'));
      };
      worker.onerror = event => {
        event.preventDefault();
        die(event.message || 'The trainer stopped without a word.');
      };
      worker.onmessage = ({ data }: MessageEvent<FromTunerWorker>) => {
        if (data.type === 'not-opened') return die(data.message);
        if (data.type === 'closed') return closed();
        if (data.type === 'opened') {
          up = true;
          return resolve(me);
        }
        // When we get the lock, the worker is gone, however it went: one that was killed sends no event.
        if (lock) void navigator.locks.request(lock, () => die('The trainer stopped, perhaps for want of memory.'));
      };
      worker.postMessage({ type: 'open', port: port2, token, origin, models, device, lock } satisfies OpenTuner, [port2]);
    });
  }

  const onDeath = (reason: string, answered: boolean): void => {
    deaths = answered ? 1 : deaths + 1;
    if (closed) return;
    if (deaths > mostDeaths) {
      stop(
        new PageTunerError('died', `The trainer keeps stopping: ${reason}`, 'Train a smaller model, or at an endpoint outside this page.'),
      );
      return;
    }
    // At once, not on the next call: a job that was running goes on by itself.
    running = start(onDeath);
    running.then(
      () => onRestart(reason),
      (error: unknown) => stop(error as Error),
    );
  };

  function stop(error: Error): void {
    if (closed) return;
    closed = error;
    release!();
    running.then(
      ({ end }) => end(error.message),
      () => undefined, // it never ran
    );
  }

  running = start(onDeath);
  try {
    await running;
  } catch (error) {
    stop(error as Error);
    throw error;
  }

  return {
    baseUrl: origin,
    token,
    async fetch(url, init) {
      if (closed) throw closed;
      const me = await running;
      const response = await me.line.fetch(url, init);
      me.answered = true;
      return response;
    },
    async close() {
      if (closed) return;
      await running.then(
        me => me.close(),
        () => undefined, // it never ran
      );
      stop(new PageTunerError('failed', 'The trainer was closed.', 'Open it again.'));
    },
  };
}
