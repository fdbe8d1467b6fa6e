// What a job's events come to: each counted once, however often and by whichever way it arrived.
import type { TuneStep, TuneUpdate } from '../datasets/order';
import { metricsOf, type EventObject } from './wire';

/** Steps over which the pace is measured. */
const window = 40;
/** Seconds of steps below which a pace is a guess: the endpoint's clock counts whole ones. */
const leastSpan = 2;

export class Ledger {
  readonly #known = new Set<string>();
  readonly #steps = new Map<number, TuneStep>();
  readonly #validation = new Map<number, number>();
  readonly #times: { step: number; at: number }[] = [];
  readonly warnings: string[] = [];
  #total = 0;

  constructor(private readonly on: (update: TuneUpdate) => void) {}

  knows(id: string): boolean {
    return this.#known.has(id);
  }

  /** @returns false when it was known */
  take(event: EventObject): boolean {
    if (this.#known.has(event.id)) return false;
    this.#known.add(event.id);
    const metrics = metricsOf(event);
    if (!metrics) {
      if (event.level === 'warn') this.warnings.push(event.message);
      if (event.message) this.on({ type: 'message', level: event.level, text: event.message });
      return true;
    }
    const { step, total_steps, train_loss, valid_loss } = metrics;
    this.#total = total_steps ?? Math.max(this.#total, step);
    if (train_loss !== null) {
      const told = { step, total: this.#total, loss: train_loss };
      this.#steps.set(step, told);
      this.on({ type: 'step', ...told, left: this.#left(step, event.created_at), at: event.created_at });
    }
    if (valid_loss !== null) {
      this.#validation.set(step, valid_loss);
      this.on({ type: 'evaluated', step, loss: valid_loss });
    }
    return true;
  }

  /** By the endpoint's own clock, so that a backlog read at once after a reload does not look like haste. */
  #left(step: number, at: number): number | null {
    // A job that was started again from a checkpoint repeats steps: its pace begins anew.
    if (step <= (this.#times.at(-1)?.step ?? 0)) this.#times.length = 0;
    this.#times.push({ step, at });
    if (this.#times.length > window) this.#times.shift();
    const first = this.#times[0]!;
    const span = at - first.at;
    if (span < leastSpan || step === first.step) return null;
    return ((this.#total - step) * span) / (step - first.step);
  }

  get steps(): TuneStep[] {
    return [...this.#steps.values()].sort((a, b) => a.step - b.step).map(step => ({ ...step, total: this.#total }));
  }

  get validation(): { step: number; loss: number }[] {
    return [...this.#validation].map(([step, loss]) => ({ step, loss })).sort((a, b) => a.step - b.step);
  }
}
