// What a finished job leaves at its endpoint that nobody needs any more.
import type { Client } from './client';
import { EndpointError } from './errors';
import type { TuneUpdate } from '../datasets/order';
import type { JobObject } from './wire';

/** `rows`: what was uploaded. `all`: also the checkpoints before the last, which a full disk of a browser would feel. */
export type Tidy = 'nothing' | 'rows' | 'all';

/** Deletes as much as the endpoint lets us; what it refuses is told, since it is the reader's data. @throws `signal.reason` */
export async function tidyUp(
  client: Client,
  job: JobObject,
  tidy: Tidy,
  on: (update: TuneUpdate) => void,
  signal: AbortSignal,
): Promise<void> {
  if (tidy === 'nothing') return;
  const uploads = [job.training_file, job.validation_file].filter((id): id is string => id !== null && id !== '');
  try {
    for (const id of uploads) await remove(client, id, signal);
    if (tidy !== 'all') return;
    const checkpoints = await client.checkpoints(job.id, signal);
    const last = Math.max(...checkpoints.map(({ step_number }) => step_number));
    const earlier = checkpoints.filter(({ step_number }) => step_number < last).flatMap(({ result_files }) => result_files);
    for (const id of earlier) if (!job.result_files.includes(id)) await remove(client, id, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EndpointError)) throw error;
    on({ type: 'message', level: 'warn', text: `What was sent could not all be deleted at the endpoint: ${error.message}` });
  }
}

async function remove(client: Client, id: string, signal: AbortSignal): Promise<void> {
  try {
    await client.deleteFile(id, signal);
  } catch (error) {
    // It is gone already: this order was tidied before.
    if (!(error instanceof EndpointError) || error.status !== 404) throw error;
  }
}
