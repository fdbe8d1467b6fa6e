// The one engine of this page: loading with progress and cancel, ready, failed with the reason.
import type { ModelRef } from '../../debate/config';
import type { Engine, EngineFault, LoadProgress } from '../../models/engine';
import { FetchConsent } from './fetch-consent.svelte';
import type { FetchQuestion } from '../../models/permit';
import { PaceMeter, type Pace } from './pace';

export type DeviceChoice = 'auto' | 'wasm' | 'webgpu';

export interface CreateOptions {
  device: DeviceChoice;
  onProgress(progress: LoadProgress): void;
  onRestart(reason: string): void;
  onRestarted(): void;
  consent(question: FetchQuestion, signal: AbortSignal): Promise<boolean>;
  /** What the user picked, for a local model. */
  files?: readonly File[];
  signal: AbortSignal;
}

export type CreateEngine = (ref: ModelRef, options: CreateOptions) => Promise<Engine>;

/** Where a load stands. */
export interface LoadState {
  ref: ModelRef;
  progress: LoadProgress | null;
  pace: Pace;
  fellBack: LoadProgress['fellBack'];
}

export type EngineStatus =
  | { kind: 'none' }
  | ({ kind: 'loading' } & LoadState)
  /** `restart` while it is loaded anew by itself, after it died. */
  | { kind: 'ready'; ref: ModelRef; engine: Engine; fellBack: LoadProgress['fellBack']; restart: LoadState | null }
  | { kind: 'failed'; ref: ModelRef; fault: EngineFault };

interface Loading {
  ref: ModelRef;
  device: DeviceChoice;
  abort: AbortController;
  promise: Promise<Engine>;
  /** Callers that still wait. */
  waiting: number;
}

const noPace: Pace = { rate: null, secondsLeft: null };

export const sameModel = (a: ModelRef, b: ModelRef): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whatever was thrown, as something that can be shown; a hint is kept whatever room the error comes from. */
export function asFault(error: unknown): EngineFault {
  if (error instanceof DOMException && error.name === 'AbortError') return { code: 'aborted', message: 'Cancelled.' };
  const { code, message, hint } = (error ?? {}) as { code?: unknown; message?: unknown; hint?: unknown };
  return {
    code: typeof code === 'string' && codes.has(code) ? (code as EngineFault['code']) : 'internal',
    message: typeof message === 'string' ? message : String(error),
    ...(typeof hint === 'string' && hint !== '' ? { hint } : {}),
  };
}

const codes: ReadonlySet<string> = new Set([
  'aborted',
  'too-long',
  'device-lost',
  'out-of-memory',
  'bad-model',
  'auth',
  'network',
  'internal',
]);

export class EngineHost {
  #status = $state.raw<EngineStatus>({ kind: 'none' });
  #loading: Loading | null = null;
  #device: DeviceChoice | null = null;
  /** What may come from other sites. */
  readonly consent = new FetchConsent();
  /** Folders the user picked in this visit, by model id: a page may not keep access to them. */
  readonly #folders = new Map<string, readonly File[]>();

  constructor(
    private readonly create: CreateEngine,
    private readonly now: () => number,
    /** The engine died and started again by itself; null while nothing is loaded. */
    private readonly onRestart: (engine: Engine | null, reason: string) => void = () => undefined,
  ) {}

  get status(): EngineStatus {
    return this.#status;
  }

  get engine(): Engine | null {
    return this.#status.kind === 'ready' ? this.#status.engine : null;
  }

  addFolder(id: string, files: readonly File[]): void {
    this.#folders.set(id, files);
  }

  /**
   * The engine for a model, loaded if it is not there yet; a second caller joins a load that is under way, which ends when the last one
   * gives up.
   * @throws EngineFault, code 'aborted' after `cancel()` or the signal
   */
  async ensure(ref: ModelRef, device: DeviceChoice, signal: AbortSignal): Promise<Engine> {
    const status = this.#status;
    if (status.kind === 'ready' && sameModel(status.ref, ref) && this.#device === device) return status.engine;
    const under = this.#loading;
    if (!under || under.abort.signal.aborted || !sameModel(under.ref, ref) || under.device !== device) {
      this.cancel();
      this.#loading = this.#start(ref, device);
    }
    return this.#join(this.#loading!, signal);
  }

  #join(loading: Loading, signal: AbortSignal): Promise<Engine> {
    loading.waiting++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (--loading.waiting === 0) loading.abort.abort(signal.reason);
        reject(asFault(signal.reason));
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      loading.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  cancel(): void {
    this.#loading?.abort.abort(new DOMException('Cancelled.', 'AbortError'));
  }

  /** Ends the worker: the only way that dependably frees its memory. */
  async unload(): Promise<void> {
    this.cancel();
    const { engine } = this;
    this.#status = { kind: 'none' };
    await engine?.dispose();
  }

  #start(ref: ModelRef, device: DeviceChoice): Loading {
    const files = ref.kind === 'local' ? this.#folders.get(ref.id) : undefined;
    const abort = new AbortController();
    const meter = new PaceMeter();
    const before = this.engine;
    let fellBack: LoadProgress['fellBack'];
    let phase = '';
    this.#device = device;
    this.#status = { kind: 'loading', ref, progress: null, pace: noPace, fellBack };
    let ready: Engine | null = null;
    const onProgress = (progress: LoadProgress): void => {
      if (abort.signal.aborted || (ready && this.engine !== ready)) return;
      fellBack = progress.fellBack ?? fellBack;
      if (progress.phase !== phase) meter.reset();
      phase = progress.phase;
      meter.add(this.now(), progress.done);
      const pace = progress.phase === 'download' && progress.total > 0 ? meter.pace(progress.total) : noPace;
      const state: LoadState = { ref, progress, pace, fellBack };
      this.#status = ready ? { kind: 'ready', ref, engine: ready, fellBack, restart: state } : { kind: 'loading', ...state };
    };
    const load = async (): Promise<Engine> => {
      try {
        await before?.dispose();
        const engine = await this.create(ref, {
          device,
          onProgress,
          onRestart: reason => this.onRestart(this.engine, reason),
          onRestarted: () => {
            if (ready && this.engine === ready) this.#status = { kind: 'ready', ref, engine: ready, fellBack, restart: null };
          },
          consent: (question, stop) => this.consent.ask(question, stop),
          signal: abort.signal,
          ...(files ? { files } : {}),
        });
        if (abort.signal.aborted) {
          await engine.dispose();
          throw abort.signal.reason;
        }
        ready = engine;
        this.#status = { kind: 'ready', ref, engine, fellBack, restart: null };
        return engine;
      } catch (error) {
        const fault = abort.signal.aborted ? asFault(abort.signal.reason) : asFault(error);
        // A newer load may have replaced this one; its status is not ours to change.
        if (this.#loading?.abort === abort) this.#status = fault.code === 'aborted' ? { kind: 'none' } : { kind: 'failed', ref, fault };
        throw fault;
      } finally {
        if (this.#loading?.abort === abort) this.#loading = null;
      }
    };
    const promise = load();
    // Whoever still waits hears of it; the last one may have left.
    promise.catch(() => undefined);
    return { ref, device, abort, promise, waiting: 0 };
  }
}
