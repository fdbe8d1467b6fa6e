// The page's own trainer lives as long as somebody waits for it: a paused loop leaves the processor alone, and another tab may train.
// What it was doing goes on from a checkpoint when it is opened again.
import type { PageTuner } from '../../tuner/page';
import type { EndpointPorts } from './ports';

export class PageTrainer {
  #restarted = $state.raw('');
  #tuner: Promise<PageTuner> | null = null;
  #closing: Promise<void> = Promise.resolve();
  #users = 0;

  constructor(private readonly ports: Pick<EndpointPorts, 'openPageTuner'>) {}

  /** Why it was last started again; empty = it was not. */
  get restarted(): string {
    return this.#restarted;
  }

  open(device: 'webgpu' | 'wasm'): Promise<PageTuner> {
    if (!this.#tuner) {
      const opening = this.#closing.then(() => this.ports.openPageTuner({ device, onRestart: reason => void (this.#restarted = reason) }));
      this.#tuner = opening;
      // What failed may work later: another tab may have been closed.
      opening.catch(() => (this.#tuner = null));
    }
    return this.#tuner;
  }

  async using<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work();
    } finally {
      if (--this.#users === 0) void this.close();
    }
  }

  /** It is to be another one from the next job on. */
  changed(): void {
    if (this.#users === 0) void this.close();
  }

  /** A job under way goes on when it is opened again. */
  close(): Promise<void> {
    const tuner = this.#tuner;
    this.#tuner = null;
    if (tuner) {
      const ending = tuner.then(
        one => one.close(),
        () => undefined, // it never opened
      );
      this.#closing = Promise.all([this.#closing, ending]).then(() => undefined);
    }
    return this.#closing;
  }
}
