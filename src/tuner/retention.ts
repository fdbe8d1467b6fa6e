// How long others' data stays: uploads and weights older than the operator wants are deleted, the record of what happened is not.
import { isTerminal } from '../finetune/wire';
import type { Workshop } from './workshop';
import { sweepJob } from './restart';

/** @param before milliseconds since 1970; what ended or was uploaded earlier goes, unless a job that is not finished needs it */
export async function forget(shop: Workshop, before: number): Promise<void> {
  const active = shop.jobs.active();
  const isNeeded = (id: string): boolean => active.some(({ spec }) => spec.training === id || spec.validation === id);
  for (const file of shop.files.all())
    if (file.purpose === 'fine-tune' && file.created < before && !isNeeded(file.id)) await shop.files.remove(file.id);
  for (const job of shop.jobs.all()) {
    const { state, spec } = job;
    if (!isTerminal(state.status) || (state.finished ?? 0) >= before || active.some(each => each.spec.from?.job === spec.id)) continue;
    if (!state.checkpoints.length && !Object.keys(state.files).length) continue;
    await job.record({ type: 'model-deleted', step: null });
    for (const { step } of job.state.checkpoints) await job.record({ type: 'model-deleted', step });
    await sweepJob(shop, job);
  }
}
