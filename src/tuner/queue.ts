// Who trains next: jobs are checked and trained in the order they came, as many side by side as the engine has slots; nothing is trained twice, nothing is forgotten.
import { isTerminal } from '../finetune/wire';
import { DiskError } from './disk';
import { methodOf, TrainError } from './engine';
import { ApiError } from './errors';
import { sweep, sweepJob, toRestart } from './restart';
import type { Job } from './job';
import { checkRows, RowsError } from './rows';
import { trainJob } from './train-job';
import type { Workshop } from './workshop';

/** Why a run is stopped by the endpoint itself. */
export class Closing extends Error {
  override readonly name = 'Closing';
}

const isFull = (error: unknown): boolean => error instanceof DiskError && error.code === 'full';
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Queue {
  #running = new Map<string, { abort: AbortController; done: Promise<void> }>();
  /** Jobs whose news the disk refuses: they wait until something could be written again, and do not spin. */
  #stuck = new Set<string>();
  #closing = new AbortController();
  #checking: Promise<void> = Promise.resolve();

  constructor(private readonly shop: Workshop) {}

  /** Takes up what the last process left. */
  async open(): Promise<void> {
    for (const job of this.shop.jobs.active()) await toRestart(job, this.shop.limits.attempts);
    await sweep(this.shop);
    for (const job of this.shop.jobs.active()) if (job.state.status === 'validating_files') this.#check(job);
    this.#pump();
  }

  /** A new job: it is checked after those that came before it. */
  accept(job: Job): void {
    for (const id of this.#stuck) this.#unstick(this.shop.jobs.get(id)!);
    this.#stuck.clear();
    this.#check(job);
  }

  #unstick(job: Job): void {
    if (job.state.status === 'validating_files') return this.#check(job);
    // A pump follows the check of the new job.
    const again = { type: 'requeued', lost: false, message: 'The disk could not be written to; training goes on' } as const;
    job.record(again).catch((error: unknown) => this.#trouble(job, error));
  }

  /** @returns false when the job had ended by then */
  async cancel(job: Job): Promise<boolean> {
    const cancelled = await job.record({ type: 'cancelled' });
    if (!cancelled) return false;
    const running = this.#running.get(job.spec.id);
    if (running) running.abort.abort(new Error('the job was cancelled'));
    else await sweepJob(this.shop, job);
    return true;
  }

  /** Stops every run between two steps; their jobs go on at the next start. */
  async close(): Promise<void> {
    const reason = new Closing('the endpoint is closing');
    this.#closing.abort(reason);
    for (const { abort } of this.#running.values()) abort.abort(reason);
    await Promise.all([this.#checking, ...[...this.#running.values()].map(({ done }) => done)]);
  }

  #check(job: Job): void {
    this.#checking = this.#checking.then(() => this.#validate(job)).catch((error: unknown) => this.#trouble(job, error));
  }

  async #validate(job: Job): Promise<void> {
    if (this.#closing.signal.aborted || job.state.status !== 'validating_files') return;
    const rows = await this.#rows(job, 'training', job.spec.training);
    const validationRows = rows === null || job.spec.validation === null ? null : await this.#rows(job, 'validation', job.spec.validation);
    if (rows === null || (job.spec.validation !== null && validationRows === null)) return;
    await job.record({ type: 'validated', rows, validationRows });
    this.#pump();
  }

  /** Null when the job failed for it, or the endpoint is closing. */
  async #rows(job: Job, kind: 'training' | 'validation', id: string): Promise<number | null> {
    try {
      const bytes = await this.shop.files.read(id);
      if (!bytes) throw new RowsError('the file is gone');
      return await checkRows(bytes, this.shop.limits, methodOf(job.spec.hyperparameters), this.#closing.signal);
    } catch (error) {
      if (this.#closing.signal.aborted) return null;
      if (!(error instanceof RowsError)) throw error;
      await job.record({ type: 'failed', code: `invalid_${kind}_file`, message: error.message, param: `${kind}_file` });
      return null;
    }
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return;
    const waiting = this.shop.jobs
      .active()
      .filter(job => job.state.status === 'queued' && !this.#running.has(job.spec.id) && !this.#stuck.has(job.spec.id));
    for (const job of waiting.slice(0, Math.max(0, this.shop.engine.slots - this.#running.size))) {
      const abort = new AbortController();
      const done = this.#run(job, abort)
        .catch((error: unknown) => this.#trouble(job, error))
        .finally(() => {
          this.#running.delete(job.spec.id);
          this.#pump();
        });
      this.#running.set(job.spec.id, { abort, done });
    }
  }

  async #run(job: Job, abort: AbortController): Promise<void> {
    try {
      await trainJob(this.shop, job, abort);
    } catch (error) {
      if (isTerminal(job.state.status)) return; // cancelled
      if (error instanceof Closing) {
        await job.record({ type: 'requeued', lost: false, message: 'The endpoint was stopped; training goes on when it is back' });
        return;
      }
      await this.#fail(job, error);
    } finally {
      if (isTerminal(job.state.status)) await sweepJob(this.shop, job);
    }
  }

  async #fail(job: Job, error: unknown): Promise<void> {
    const known = error instanceof TrainError || error instanceof ApiError;
    const { code, message, param } = known
      ? error
      : { code: isFull(error) ? 'storage_full' : 'internal', message: wordsOf(error), param: null };
    if (!known) this.shop.log(`${job.spec.id}: ${error instanceof Error ? (error.stack ?? message) : message}`);
    if (code === 'worker_lost' && job.state.attempts < this.shop.limits.attempts) {
      await job.record({ type: 'requeued', lost: true, message: `${message}; it is tried once more` });
      return;
    }
    await job.record({ type: 'failed', code, message, param });
  }

  /** The disk refused even the news of a failure: told to the operator, and to the job as far as possible. */
  async #trouble(job: Job, error: unknown): Promise<void> {
    this.shop.log(`${job.spec.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    try {
      await job.record({ type: 'failed', code: 'internal', message: wordsOf(error), param: null });
    } catch (again) {
      this.#stuck.add(job.spec.id);
      this.shop.log(`${job.spec.id}: its failure could not be written down: ${wordsOf(again)}`);
    }
  }
}
