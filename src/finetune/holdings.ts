// What an endpoint still holds of loops that were trained there, and how it is made to forget them.
import type { Client } from './client';
import { EndpointError } from './errors';
import { isTerminal, type JobObject } from './wire';

export interface Holding {
  /** Id of the loop, as its jobs say. */
  loop: string;
  /** Newest first. */
  jobs: JobObject[];
  /** Jobs that are not finished. */
  active: number;
  /** Results that can be gone on from. */
  models: number;
  /** Unix seconds of the newest job. */
  at: number;
}

/** The loops of this program that the endpoint knows, newest first; jobs that others made there are left alone. */
export async function holdings(client: Client, signal: AbortSignal): Promise<Holding[]> {
  const loops = new Map<string, JobObject[]>();
  for (const job of await client.jobs({}, signal)) {
    const { run, agent } = job.metadata;
    if (run !== undefined && agent !== undefined) loops.set(run, [...(loops.get(run) ?? []), job]);
  }
  return [...loops].map(([loop, jobs]) => ({
    ...{ loop, jobs },
    active: jobs.filter(({ status }) => !isTerminal(status)).length,
    models: jobs.filter(({ fine_tuned_model: model }) => model !== null).length,
    at: Math.max(...jobs.map(({ created_at: at }) => at)),
  }));
}

export async function cancelJobs(client: Client, loop: string, signal: AbortSignal): Promise<void> {
  for (const job of await client.jobs({ run: loop }, signal)) if (!isTerminal(job.status)) await cancel(client, job, signal);
}

/** Cancels what is under way and deletes models, checkpoints and rows; that the jobs were there stays written. @throws EndpointError */
export async function forgetLoop(client: Client, loop: string, signal: AbortSignal): Promise<void> {
  const jobs = await client.jobs({ run: loop }, signal);
  // All first: one job may go on from what another left.
  for (const job of jobs) if (!isTerminal(job.status)) await cancel(client, job, signal);
  for (const job of jobs) {
    const checkpoints = await unlessGone(client.checkpoints(job.id, signal));
    const models = [job.fine_tuned_model, ...(checkpoints ?? []).map(({ fine_tuned_model_checkpoint: model }) => model)];
    for (const model of models) if (model !== null) await unlessGone(client.deleteModel(model, signal));
    for (const file of [job.training_file, job.validation_file]) if (file) await unlessGone(client.deleteFile(file, signal));
  }
}

async function cancel(client: Client, job: JobObject, signal: AbortSignal): Promise<void> {
  try {
    await client.cancel(job.id, signal);
  } catch (error) {
    if (!(error instanceof EndpointError) || error.code !== 'invalid_state') throw error; // it has just ended
  }
}

const unlessGone = <T>(call: Promise<T>): Promise<T | null> =>
  call.catch((error: unknown) => {
    if (error instanceof EndpointError && error.status === 404) return null;
    throw error;
  });
