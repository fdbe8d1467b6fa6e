// One order from its rows to its weights. Ordered again under the same key it goes on with the job that is there.
import type { Client } from './client';
import { EndpointError, hintFor } from './errors';
import { jobBody, metadataOf } from './job-body';
import type { JobMemo, MemoStore } from './memo';
import type { Tuned, TuneOrder, TuneUpdate } from '../datasets/order';
import { backOff, sleep as realSleep, type Sleep } from './retry';
import { countParameters, downloadResults } from './results';
import { tidyUp, type Tidy } from './tidy';
import { rowsOf, uploadsOf, type Upload } from './uploads';
import { watchJob } from './watch';
import type { JobObject } from './wire';

export interface RunOrderOptions {
  /** Aborted with reason `'cancel'` the job is cancelled at the endpoint; with any other reason it is only no longer watched. */
  signal: AbortSignal;
  remembered: MemoStore;
  /** Name and version of this program, for the job's metadata. */
  app: string;
  /**
   * What the endpoint need not keep once the result is home: the rows that were sent, or also the checkpoints on the way to it.
   * Nothing by default.
   */
  tidy?: Tidy;
  sleep?: Sleep;
  random?: () => number;
}

export const cancelReason = 'cancel';
const isCancel = (reason: unknown): boolean => reason === cancelReason || (reason instanceof Error && reason.message === cancelReason);

/** Ordered again after these, a job is made anew. */
const isDead = ({ status }: JobObject): boolean => status === 'failed' || status === 'cancelled';

/**
 * @param on told of everything that happens to the job, from the start even when it was under way before
 * @throws EndpointError with the endpoint's or the job's code, or `signal.reason`
 */
export async function runOrder(
  client: Client,
  order: TuneOrder,
  on: (update: TuneUpdate) => void,
  { signal, remembered, app, tidy = 'nothing', sleep = realSleep, random = Math.random }: RunOrderOptions,
): Promise<Tuned> {
  const old = await remembered.read(order.key);
  const known = old?.origin === client.origin ? old : null;
  let memo: JobMemo = known ?? { schema: 1, key: order.key, origin: client.origin, file: null, validation: null, job: null, status: '' };
  const remember = async (change: Partial<JobMemo>): Promise<void> => {
    memo = { ...memo, ...change };
    await remembered.write(memo);
  };

  try {
    const { profile, methods } = await client.meet(signal);
    const offered = methods.get(order.base);
    if (order.preferences && offered && !offered.includes('dpo'))
      throw new EndpointError(`The endpoint does not train ${order.base} on preferences (dpo), only ${offered.join(', ')}.`, {
        code: 'unsupported_operation',
        hint: 'Train on chosen answers alone, or elsewhere.',
      });
    if (profile.takes === 'few') {
      const text = 'The endpoint takes passes and batch size only: rank, learning rate and schedule are its own choice.';
      on({ type: 'message', level: 'warn', text });
    }
    const { job: found, dead } = await find(client, order, memo.job, signal);
    let job = found;
    if (!job) {
      const files = await send(client, order, memo, signal);
      await remember(files);
      on({ type: 'uploaded', file: files.file });
      job = await create(client, order, files, dead, { app, sleep, random }, signal);
    }
    await remember({ job: job.id, status: job.status });
    on({ type: 'created', job: job.id });

    const { job: ended, ledger } = await watchJob(client, job, on, { sleep, onStatus: status => remember({ status }) }, signal);
    if (ended.status !== 'succeeded') throw failureOf(ended);
    const { model, files } = await downloadResults(client, ended, on, signal);
    await tidyUp(client, ended, tidy, on, signal);
    return {
      job: ended.id,
      model: model || (ended.fine_tuned_model ?? ''),
      files,
      steps: ledger.steps,
      validation: ledger.validation,
      trainedTokens: ended.trained_tokens ?? 0,
      trainedParameters: countParameters(files),
      warnings: ledger.warnings,
      ...(profile.seededRows && { seededRows: true }),
    };
  } catch (error) {
    // The caller's signal is spent; the endpoint gets ten seconds of its own to hear that the job is not wanted.
    if (signal.aborted && isCancel(signal.reason) && memo.job !== null) {
      const job = await client.cancel(memo.job, AbortSignal.timeout(10_000)).catch((problem: unknown) => {
        // One that had just ended is as good as cancelled.
        if (problem instanceof EndpointError && problem.code === 'invalid_state') return null;
        throw problem;
      });
      await remember({ status: job?.status ?? memo.status });
    }
    throw error;
  }
}

/** The job of this order if it lives or succeeded, and how many of its tries died. */
async function find(
  client: Client,
  order: TuneOrder,
  known: string | null,
  signal: AbortSignal,
): Promise<{ job: JobObject | null; dead: number }> {
  if (known !== null) {
    const job = await orNull(client.job(known, signal));
    if (job && !isDead(job)) return { job, dead: 0 };
  }
  const { run, agent, iteration, dataset_sha256 } = metadataOf(order, '') as Record<
    'run' | 'agent' | 'iteration' | 'dataset_sha256',
    string
  >;
  const jobs = await client.jobs({ run, agent, iteration }, signal);
  // Rows that were edited since make another order of it.
  const ours = jobs.filter(job => job.metadata.dataset_sha256 === dataset_sha256);
  return { job: ours.find(job => !isDead(job)) ?? null, dead: jobs.filter(job => !ours.includes(job) || isDead(job)).length };
}

const orNull = <T>(call: Promise<T>): Promise<T | null> =>
  call.catch((error: unknown) => {
    if (error instanceof EndpointError && error.status === 404) return null;
    throw error;
  });

/** Uploads what is not there yet. */
async function send(
  client: Client,
  order: TuneOrder,
  memo: JobMemo,
  signal: AbortSignal,
): Promise<{ file: string; validation: string | null }> {
  const rows = rowsOf(order.training);
  const minRows = (await client.meet(signal)).terms(order.base).minRows ?? 1;
  if (rows < minRows) {
    throw new EndpointError(`${order.agent} has ${rows} rows; the endpoint takes no job of fewer than ${minRows}.`, {
      code: 'too_few_rows',
      hint: 'Debate more questions, or train elsewhere.',
    });
  }
  const one = async ({ kind, name, content }: Upload, known: string | null): Promise<string> => {
    if (known !== null && (await orNull(client.file(known, signal)))) return known;
    const key = `file/${order.key}/${kind}/${order.datasetHash.slice(0, 16)}`.slice(-128);
    try {
      return (await client.upload(name, content, key, signal)).id;
    } catch (error) {
      if (!(error instanceof EndpointError) || error.code !== 'idempotency_key_reuse') throw error;
      return (await client.upload(name, content, null, signal)).id; // the rows are the same, their wording changed: another file
    }
  };
  const [training, validation] = uploadsOf(order);
  return { file: await one(training!, memo.file), validation: validation ? await one(validation, memo.validation) : null };
}

/** @param dead tries of this order that ended without a result: each new one needs a key of its own */
async function create(
  client: Client,
  order: TuneOrder,
  files: { file: string; validation: string | null },
  dead: number,
  { app, sleep, random }: { app: string; sleep: Sleep; random: () => number },
  signal: AbortSignal,
): Promise<JobObject> {
  const body = jobBody(order, { training: files.file, validation: files.validation }, rowsOf(order.training), client.profile, app);
  const key = `${order.key}${dead === 0 ? '' : `#${dead + 1}`}`.slice(-128);
  for (let attempt = 0; ; attempt++) {
    try {
      return await client.createJob(body, key, signal);
    } catch (error) {
      signal.throwIfAborted();
      const lost = error instanceof EndpointError && (error.code === 'unreachable' || error.code === 'idempotency_key_reuse');
      if (!lost || attempt === 2) throw error;
      // The answer may have been lost, not the order: look before asking again.
      await sleep(backOff(attempt, random), signal);
      const { job } = await find(client, order, null, signal);
      if (job) return job;
    }
  }
}

function failureOf(job: JobObject): EndpointError {
  if (job.status === 'cancelled') {
    return new EndpointError('The job was cancelled at the endpoint.', {
      code: 'cancelled',
      hint: 'Order it again to train from the start.',
    });
  }
  const code = job.error?.code ?? 'failed';
  return new EndpointError(job.error?.message || 'The job failed, and the endpoint does not say why.', { code, hint: hintFor(code, null) });
}
