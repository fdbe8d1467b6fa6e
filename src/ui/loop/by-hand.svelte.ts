// Trainings that the reader runs by other means: the loop waits here until each agent has its weights, or is left as it was.
import type { TuneOrder, Tuned } from '../../datasets/order';
import { LeftAsItWas } from '../../experiment/ports';
import type { GivenFile } from '../../finetune/given';
import type { TunedFiles } from '../../models/engine';
import type { Trial } from '../../models/try-out';

export interface HandSet {
  order: TuneOrder;
  /** What became of the files given last. */
  state:
    | { kind: 'waiting' }
    | { kind: 'checking' }
    /** `files` where only their own words speak against them: the reader may know better. */
    | { kind: 'refused'; reason: string; files: TunedFiles | null }
    | { kind: 'taken' };
}

/** Tries files out on the base of the loop. */
export type TryOut = (files: TunedFiles, anyBase: boolean, signal: AbortSignal) => Promise<Trial>;

interface Waiter {
  resolve: (tuned: Tuned) => void;
  reject: (reason: unknown) => void;
  signal: AbortSignal;
}

export class ByHand {
  #sets = $state.raw<readonly HandSet[]>([]);
  readonly #waiters = new Map<string, Waiter>();
  /** Files are tried one after the other: there is one engine. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly tryOut: TryOut) {}

  /** The sets of the iteration under way, in the order in which they were made. */
  get sets(): readonly HandSet[] {
    return this.#sets;
  }

  /**
   * The loop's `finetune` port, when nobody trains for it.
   * @throws LeftAsItWas, or the reason of `signal`
   */
  wait(order: TuneOrder, signal: AbortSignal): Promise<Tuned> {
    signal.throwIfAborted();
    const others = this.#sets.filter(({ order: one }) => one.key !== order.key && sameIteration(one, order));
    this.#sets = [...others, { order, state: { kind: 'waiting' } }];
    return new Promise<Tuned>((resolve, reject) => {
      this.#waiters.set(order.key, { resolve, reject, signal });
      const leave = (): void => {
        this.#end(order.key);
        this.#sets = this.#sets.filter(({ order: one }) => one.key !== order.key);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Tries what the reader gave for an agent, and takes it when nothing speaks against it. */
  async give(key: string, given: readonly GivenFile[]): Promise<void> {
    await this.#try(key, async () => (await import('../../finetune/given')).readGiven(given), false);
  }

  /** Tries again what was refused by its own words only. */
  async useAnyway(key: string): Promise<void> {
    const state = this.#sets.find(({ order }) => order.key === key)?.state;
    if (state?.kind !== 'refused' || !state.files) return;
    const { files } = state;
    await this.#try(key, () => Promise.resolve(files), true);
  }

  /** The agent keeps the weights it has. */
  leave(key: string): void {
    const waiter = this.#waiters.get(key);
    this.#end(key);
    this.#show(key, { kind: 'taken' });
    waiter?.reject(new LeftAsItWas());
  }

  async #try(key: string, read: () => Promise<TunedFiles>, anyBase: boolean): Promise<void> {
    const waiter = this.#waiters.get(key);
    if (!waiter) return;
    this.#show(key, { kind: 'checking' });
    const trial = this.#turn.then(async () => {
      const files = await read();
      return { files, tried: await this.tryOut(files, anyBase, waiter.signal) };
    });
    this.#turn = trial.catch(() => undefined); // told below
    try {
      const { files, tried } = await trial;
      // Left, or paused, while it was tried.
      if (this.#waiters.get(key) !== waiter) return;
      if (!tried.taken) return this.#show(key, { kind: 'refused', reason: tried.reason, files: tried.otherBase ? files : null });
      const { resultOf } = await import('../../finetune/given');
      const tuned: Tuned = { ...resultOf(files, tried.probe !== null), ...(anyBase && { anyway: true as const }) };
      this.#end(key);
      this.#show(key, { kind: 'taken' });
      waiter.resolve(tuned);
    } catch (error) {
      if (this.#waiters.get(key) !== waiter) return;
      const { message, hint } = error as { message: string; hint?: string };
      this.#show(key, { kind: 'refused', reason: [message, hint].filter(Boolean).join(' '), files: null });
    }
  }

  #end(key: string): void {
    this.#waiters.delete(key);
  }

  #show(key: string, state: HandSet['state']): void {
    this.#sets = this.#sets.map(set => (set.order.key === key ? { ...set, state } : set));
  }
}

const sameIteration = (a: TuneOrder, b: TuneOrder): boolean => a.loop === b.loop && a.iteration === b.iteration;
