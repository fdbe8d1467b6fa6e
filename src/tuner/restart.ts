// After a start: what a killed process left half done is taken up or cleared away.
import { isTerminal } from '../finetune/wire';
import type { Disk, Path } from './disk';
import type { Files } from './files';
import { folderOf, type Job } from './job';
import type { Jobs } from './jobs';

/** Where a checkpoint keeps what only a resumed run needs. */
export const restOf = (job: string, step: number): Path => [...folderOf(job), `ckpt-${step}`];

/** A job that was running lost its worker with the process: it is begun again, unless that has happened too often. */
export async function toRestart(job: Job, attempts: number): Promise<void> {
  if (job.state.status !== 'running') return;
  if (job.state.attempts >= attempts) {
    const message = `The endpoint or its worker died ${job.state.attempts} times during this job`;
    await job.record({ type: 'failed', code: 'worker_lost', message, param: null });
    return;
  }
  const last = job.state.checkpoints.at(-1);
  const from = last ? `from the checkpoint of step ${last.step}` : 'from the beginning';
  await job.record({ type: 'requeued', lost: true, message: `The endpoint died during this job; it goes on ${from}` });
}

type Stores = { disk: Disk; files: Files; jobs: Jobs };

/** Result files that no fact names, and the private halves of checkpoints that nobody will resume from. */
export async function sweepJob({ disk, files }: Omit<Stores, 'jobs'>, { spec, state }: Job): Promise<void> {
  const named = new Set([...Object.values(state.files), ...state.checkpoints.flatMap(checkpoint => Object.values(checkpoint.files))]);
  for (const file of files.all()) if (file.job === spec.id && !named.has(file.id)) await files.remove(file.id);
  const keep = isTerminal(state.status) ? null : state.checkpoints.at(-1)?.step;
  for (const name of await disk.list(folderOf(spec.id)))
    if (name.startsWith('ckpt-') && name !== `ckpt-${keep}`) await disk.remove([...folderOf(spec.id), name]);
}

export async function sweep(stores: Stores): Promise<void> {
  for (const job of stores.jobs.all()) await sweepJob(stores, job);
  for (const file of stores.files.all()) if (file.job !== null && !stores.jobs.get(file.job)) await stores.files.remove(file.id);
}
