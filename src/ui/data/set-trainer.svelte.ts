// Trainings of single sets: ordered here, watched on whatever screen the reader is, tried and kept when they are done.
import type { ModelRef } from '../../debate/config';
import type { AdapterFacts } from '../../store/adapter-records';
import type { Trial } from '../../models/try-out';
import type { TunedFiles, TuneOrder } from '../../datasets/order';
import type { EndpointChoice } from '../endpoint/endpoint.svelte';

export interface SetTraining {
  order: TuneOrder;
  base: ModelRef;
  phase: 'training' | 'trying' | 'kept' | 'stopped';
  /** Why it stopped, with what to do. */
  problem: string;
  /** It stopped only since the result names another base. */
  otherBase: boolean;
  /** Whether a probe came with it and was passed. */
  probed: boolean;
}

export interface SetTrainerDeps {
  endpoint: Pick<EndpointChoice, 'finetune' | 'cancel' | 'ready' | 'unasked'>;
  /** Something else speaks in this tab, which trying would interrupt. */
  busy: () => boolean;
  tryOut: (base: ModelRef, files: TunedFiles, anyBase: boolean) => Promise<Trial>;
  /** `EngineFacts.modelHash` of the base. */
  hashOf: (base: ModelRef) => Promise<string>;
  keep: (facts: AdapterFacts, files: TunedFiles) => Promise<void>;
  /** Null = nothing was ordered under this key. */
  memo: (key: string) => Promise<{ origin: string; status: string } | null>;
  /** Holds the training for this tab. @returns how to let go; null = another tab watches it */
  claim: (key: string) => Promise<(() => void) | null>;
  date: () => string;
  announce: (text: string) => void;
}

const words = (error: unknown): string => {
  const { message, hint } = error as { message?: string; hint?: string };
  return [message, hint].filter(Boolean).join(' ');
};

export const adapterOf = ({ loop, agent }: Pick<TuneOrder, 'loop' | 'agent'>): string => `${loop}/it1/${agent}`;

export class SetTrainer {
  #trainings = $state.raw<readonly SetTraining[]>([]);

  constructor(private readonly deps: SetTrainerDeps) {}

  get trainings(): readonly SetTraining[] {
    return this.#trainings;
  }

  of(key: string): SetTraining | null {
    return this.#trainings.find(({ order }) => order.key === key) ?? null;
  }

  /**
   * Trains, or goes on watching: the same order finds the job that is there. Resolves when it is kept or has stopped.
   * @param base what the order names
   * @param anyBase its result may name another base
   */
  async start(order: TuneOrder, base: ModelRef, anyBase = false): Promise<void> {
    const { key } = order;
    const { phase } = this.of(key) ?? {};
    if (phase === 'training' || phase === 'trying') return;
    const fresh: SetTraining = { order, base, phase: 'training', problem: '', otherBase: false, probed: false };
    this.#trainings = [...this.#trainings.filter(one => one.order.key !== key), fresh];
    const release = await this.deps.claim(key);
    if (!release) return this.#change(key, { phase: 'stopped', problem: 'It is watched in another tab of this browser.' });
    try {
      const { files } = await this.deps.endpoint.finetune(order, () => undefined, new AbortController().signal);
      await this.#keep(order, base, files, anyBase);
    } catch (error) {
      this.#change(key, { phase: 'stopped', problem: words(error) });
    } finally {
      release();
    }
  }

  async #keep({ key, loop, iteration, agent, datasetHash: dataset }: TuneOrder, base: ModelRef, files: TunedFiles, anyBase: boolean) {
    const { busy, tryOut, hashOf, keep, date, announce } = this.deps;
    if (busy()) {
      const problem = 'It is trained. Something else is going on in this tab; when that is over, go on here to try it and keep it.';
      return this.#change(key, { phase: 'stopped', problem });
    }
    this.#change(key, { phase: 'trying' });
    const trial = await tryOut(base, files, anyBase);
    if (!trial.taken) return this.#change(key, { phase: 'stopped', problem: `Not kept. ${trial.reason}`, otherBase: trial.otherBase });
    const facts: AdapterFacts = { id: adapterOf({ loop, agent }), loop, iteration, agent, base: await hashOf(base), dataset, at: date() };
    await keep({ ...facts, ...(anyBase && { anyway: true }) }, files);
    this.#change(key, { phase: 'kept', probed: trial.probe !== null });
    announce('The training of the set is done, and its weights are kept.');
  }

  cancel(key: string): void {
    this.deps.endpoint.cancel(key);
  }

  /**
   * Goes on watching what was under way when the page was left, where that needs no word of the reader.
   * @returns why it does not; empty = it goes on, or there is nothing
   */
  async revive(order: TuneOrder, base: ModelRef): Promise<string> {
    const { key, loop } = order;
    if (this.of(key)) return '';
    const memo = await this.deps.memo(key);
    if (!memo || ['succeeded', 'failed', 'cancelled'].includes(memo.status)) return '';
    await this.deps.endpoint.ready;
    const reason = this.deps.endpoint.unasked(loop, memo.origin);
    if (reason === '') void this.start(order, base);
    // The same words as of a loop, whose button has another name.
    return reason.replace(/([Pp])ress Resume/, '$1ress “Go on”');
  }

  #change(key: string, change: Partial<SetTraining>): void {
    this.#trainings = this.#trainings.map(one => (one.order.key === key ? { ...one, ...change } : one));
  }
}
