// What a screen shows of a job under way: a fold of its updates.
import type { TuneOrder, TuneUpdate } from '../../datasets/order';

export interface JobView {
  /** `TuneOrder.key`. */
  key: string;
  loop: string;
  iteration: number;
  agent: string;
  rows: number;
  /** Of the endpoint, or `preparing`, `sending`, `downloading` before and after; `done`, `stopped` and `failed` at the end. */
  status: string;
  step: number;
  total: number;
  losses: number[];
  validation: { step: number; loss: number }[];
  /** Steps a second; null = not known yet. */
  rate: number | null;
  /** Seconds. */
  left: number | null;
  /** Bytes of result files, while they come. */
  bytes: { done: number; total: number } | null;
  warnings: string[];
  problem: string;
}

export const isOver = ({ status }: JobView): boolean => status === 'done' || status === 'stopped' || status === 'failed';

export const newJob = (order: TuneOrder): JobView => ({
  key: order.key,
  loop: order.loop,
  iteration: order.iteration,
  agent: order.agent,
  rows: order.training.split('\n').filter(line => line.trim() !== '').length,
  status: 'preparing',
  step: 0,
  total: 0,
  losses: [],
  validation: [],
  rate: null,
  left: null,
  bytes: null,
  warnings: [],
  problem: '',
});

export function withUpdate(job: JobView, update: TuneUpdate): JobView {
  switch (update.type) {
    case 'uploaded':
      return { ...job, status: 'sending' };
    case 'created':
      return job;
    case 'status':
      return { ...job, status: update.status };
    case 'step': {
      const { step, total, loss, left } = update;
      // A job that began again from a checkpoint repeats steps.
      const losses = [...job.losses.slice(0, Math.max(0, step - 1)), loss];
      const rate = left !== null && left > 0 ? (total - step) / left : job.rate;
      return { ...job, step, total, losses, left, rate };
    }
    case 'evaluated':
      return { ...job, validation: [...job.validation, { step: update.step, loss: update.loss }] };
    case 'message':
      return update.level === 'info' ? job : { ...job, warnings: [...job.warnings, update.text] };
    case 'downloading':
      return { ...job, status: 'downloading', left: null, bytes: { done: update.done, total: update.total } };
  }
}
