// One worker and the calls under way in it. Notices when the worker is gone, however it went.
import { fromFault } from './fault';
import type { FromEngine, ToEngine } from './protocol';

/** The worker ended before it answered. */
export class WorkerGone extends Error {
  override name = 'WorkerGone';
}

interface Call {
  hear(message: FromEngine): void;
  fail(error: unknown): void;
}

type Request = ToEngine extends infer M
  ? M extends { type: 'cancel' | 'answer' }
    ? never
    : M extends { id: number }
      ? Omit<M, 'id'>
      : never
  : never;

export class WorkerLine {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #last = 0;
  #gone: Error | null = null;
  /** Given to the worker to hold; empty where there are no locks. */
  readonly lock = globalThis.navigator?.locks ? `polylogue-engine-${crypto.randomUUID()}` : '';
  #watching = false;

  constructor(create: () => Worker) {
    this.#worker = create();
    this.#worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
      this.#watch();
      this.#calls.get(data.id)?.hear(data);
    };
    this.#worker.onerror = event => {
      event.preventDefault();
      this.#end(new WorkerGone(event.message || 'The engine stopped without a word.'));
    };
  }

  /** From its first word on the worker holds its lock; when we get it, the worker is gone. */
  #watch(): void {
    if (this.#watching || !this.lock) return;
    this.#watching = true;
    void navigator.locks.request(this.lock, () => this.#end(new WorkerGone('The engine stopped.')));
  }

  /** Resolves with the last message of a call; `on` hears those before. */
  call<T extends FromEngine['type']>(
    request: Request,
    last: T,
    on: (message: FromEngine) => void,
    signal: AbortSignal,
  ): Promise<Extract<FromEngine, { type: T }>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(this.#gone);
      if (signal.aborted) return reject(signal.reason);
      const over = (): void => {
        this.#calls.delete(id);
        signal.removeEventListener('abort', cancel);
      };
      const fail = (error: unknown): void => {
        over();
        reject(error);
      };
      const cancel = (): void => {
        this.#worker.postMessage({ type: 'cancel', id } satisfies ToEngine);
        fail(signal.reason);
      };
      signal.addEventListener('abort', cancel, { once: true });
      const hear = (message: FromEngine): void => {
        if (message.type === 'failed') fail(fromFault(message.error));
        else if (message.type === last) {
          over();
          resolve(message as Extract<FromEngine, { type: T }>);
        } else on(message);
      };
      this.#calls.set(id, { hear, fail });
      this.#worker.postMessage({ ...request, id } as ToEngine);
    });
  }

  /** Answers what the call of this id asked. */
  answer(id: number, yes: boolean): void {
    if (!this.#gone) this.#worker.postMessage({ type: 'answer', id, yes } satisfies ToEngine);
  }

  #end(error: Error): void {
    if (this.#gone) return;
    this.#gone = error;
    this.#worker.terminate();
    for (const call of [...this.#calls.values()]) call.fail(error);
  }

  /** Ends the worker and, with it, everything it held. */
  close(): void {
    this.#end(new WorkerGone('The engine was unloaded.'));
  }
}
