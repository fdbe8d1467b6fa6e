// The jobs under way as a screen shows them, and the way to cancel one.
import { EndpointError } from '../../finetune/errors';
import type { TuneOrder, TuneUpdate } from '../../datasets/order';
import { cancelReason } from '../../finetune/run-order';
import { errorWords } from '../app/error-words';
import { isOver, newJob, withUpdate, type JobView } from './jobs';

export class JobBoard {
  #jobs = $state.raw<readonly JobView[]>([]);
  readonly #cancels = new Map<string, AbortController>();

  /** Jobs under way, and those of the same iteration that are over. */
  get jobs(): readonly JobView[] {
    return this.#jobs;
  }

  cancel(key: string): void {
    this.#cancels.get(key)?.abort(cancelReason);
  }

  /**
   * Shows a job from its order to its end.
   * @param work is told when to stop: at `signal`, or when the job is cancelled here
   */
  async follow<T>(
    order: TuneOrder,
    signal: AbortSignal,
    work: (show: (update: TuneUpdate) => void, stop: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const cancel = new AbortController();
    this.#cancels.set(order.key, cancel);
    this.#jobs = [...this.#jobs.filter(job => job.key !== order.key && (!isOver(job) || isBeside(job, order))), newJob(order)];
    const change = (to: (job: JobView) => JobView): void => {
      this.#jobs = this.#jobs.map(job => (job.key === order.key ? to(job) : job));
    };
    try {
      const result = await work(update => change(job => withUpdate(job, update)), AbortSignal.any([signal, cancel.signal]));
      change(job => ({ ...job, status: 'done', left: null, bytes: null }));
      return result;
    } catch (error) {
      const cancelled = cancel.signal.aborted && !signal.aborted;
      const told = cancelled ? new EndpointError('The job was cancelled here.', { code: 'cancelled' }) : error;
      const problem = signal.aborted ? '' : errorWords(told);
      change(job => ({ ...job, status: signal.aborted ? 'stopped' : 'failed', left: null, problem }));
      throw told;
    } finally {
      this.#cancels.delete(order.key);
    }
  }
}

/** Of the same iteration, and another's: what a screen shows together. */
const isBeside = (job: JobView, { loop, iteration, agent }: TuneOrder): boolean =>
  job.loop === loop && job.iteration === iteration && job.agent !== agent;
