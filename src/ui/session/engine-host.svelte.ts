// The one engine of this page: loading with progress and cancel, ready, failed with the reason.
import type { ModelRef } from '../../debate/config';
import type { Engine, EngineFault, LoadProgress } from '../../models/engine';
import { PaceMeter, type Pace } from './pace';

export type DeviceChoice = 'auto' | 'wasm' | 'webgpu';

export interface CreateOptions {
  device: DeviceChoice;
  onProgress(progress: LoadProgress): void;
  onRestart(reason: string): void;
  /** What the user picked, for a local model. */
  files?: readonly File[];
  signal: AbortSignal;
}

export type CreateEngine = (ref: ModelRef, options: CreateOptions) => Promise<Engine>;

export type EngineStatus =
  | { kind: 'none' }
  | { kind: 'loading'; ref: ModelRef; progress: LoadProgress | null; pace: Pace; fellBack: LoadProgress['fellBack'] }
  | { kind: 'ready'; ref: ModelRef; engine: Engine; fellBack: LoadProgress['fellBack'] }
  | { kind: 'failed'; ref: ModelRef; fault: EngineFault };

interface Loading {
  ref: ModelRef;
  device: DeviceChoice;
  abort: AbortController;
  promise: Promise<Engine>;
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

  hasFolder = (id: string): boolean => this.#folders.has(id);

  /**
   * The engine for a model, loaded if it is not there yet; a second caller joins a load that is under way.
   * @throws EngineFault, code 'aborted' after `cancel()` or the signal
   */
  async ensure(ref: ModelRef, device: DeviceChoice, signal: AbortSignal): Promise<Engine> {
    const status = this.#status;
    if (status.kind === 'ready' && sameModel(status.ref, ref) && this.#device === device) return status.engine;
    if (!this.#loading || !sameModel(this.#loading.ref, ref) || this.#loading.device !== device) {
      this.cancel();
      this.#loading = this.#start(ref, device);
    }
    const { promise, abort } = this.#loading;
    signal.addEventListener('abort', () => abort.abort(signal.reason), { once: true });
    return promise;
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
    const onProgress = (progress: LoadProgress): void => {
      if (abort.signal.aborted) return;
      fellBack = progress.fellBack ?? fellBack;
      if (progress.phase !== phase) meter.reset();
      phase = progress.phase;
      meter.add(this.now(), progress.done);
      const pace = progress.phase === 'download' && progress.total > 0 ? meter.pace(progress.total) : noPace;
      this.#status = { kind: 'loading', ref, progress, pace, fellBack };
    };
    const load = async (): Promise<Engine> => {
      try {
        await before?.dispose();
        const engine = await this.create(ref, {
          device,
          onProgress,
          onRestart: reason => this.onRestart(this.engine, reason),
          signal: abort.signal,
          ...(files ? { files } : {}),
        });
        if (abort.signal.aborted) {
          await engine.dispose();
          throw abort.signal.reason;
        }
        this.#status = { kind: 'ready', ref, engine, fellBack };
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
    return { ref, device, abort, promise: load() };
  }
}
