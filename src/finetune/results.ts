// The files a finished job left: which to take, how large they may be, and what they hold as far as can be said without reading weights.
import type { Client } from './client';
import { EndpointError } from './errors';
import type { TunedFiles, TuneUpdate } from '../datasets/order';
import type { CheckpointObject, FileObject, JobObject } from './wire';

/** Files we take, by basename, with the most bytes each may have (endpoint.md §3.1). Anything else is left where it is. */
export const wanted: Readonly<Record<string, number>> = {
  'adapter_config.json': 1_000_000,
  'adapter_model.safetensors': 512 * 2 ** 20,
  'config.json': 1_000_000,
  'model.safetensors': 2 ** 31 - 1,
  'probe.json': 16_000_000,
};
const isWeights = (name: string): boolean => name.endsWith('.safetensors');
export const pairOf: Readonly<Record<string, string>> = {
  'adapter_model.safetensors': 'adapter_config.json',
  'model.safetensors': 'config.json',
};

export const basename = (filename: string): string => filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);

interface Choice {
  /** Tuned model id at the endpoint. */
  model: string;
  /** Ids of files. */
  files: string[];
}

/**
 * Where to look, best first: what was trained to the end. Choosing the checkpoint of lowest validation loss, as endpoint.md §2.7 has it, would
 * choose by the rows that are held out to judge, and leave agents trained for different numbers of steps that are then compared. Nebius leaves
 * the job's own list empty and hands out checkpoints; ours lists the end both ways, and `probe.json` with it.
 */
export function choices(job: JobObject, checkpoints: readonly CheckpointObject[]): Choice[] {
  const own: Choice = { model: job.fine_tuned_model ?? '', files: job.result_files };
  const kept = checkpoints.filter(({ result_files }) => result_files.length > 0);
  const [last] = kept.toSorted((a, b) => b.step_number - a.step_number);
  if (!last) return [own];
  const found: Choice = { model: last.fine_tuned_model_checkpoint ?? own.model, files: last.result_files };
  return own.files.length > 0 ? [own, found] : [found, own];
}

/** @throws EndpointError `no_result`, `too_large`, `damaged`; `signal.reason` */
export async function downloadResults(
  client: Client,
  job: JobObject,
  on: (update: TuneUpdate) => void,
  signal: AbortSignal,
): Promise<{ model: string; files: TunedFiles }> {
  const checkpoints = await client.checkpoints(job.id, signal).catch((error: unknown) => {
    // Some providers have none; then the job's own list is all there is.
    if (error instanceof EndpointError && (error.status === 404 || error.status === 400)) return [];
    throw error;
  });
  const seen: string[] = [];
  for (const choice of choices(job, checkpoints)) {
    const listed = await Promise.all(choice.files.map(id => client.file(id, signal)));
    const taken = pick(listed);
    seen.push(...listed.map(({ filename }) => basename(filename)));
    if (taken.size === 0) continue;
    return { model: choice.model, files: await download(client, taken, on, signal) };
  }
  throw new EndpointError(`The job succeeded without files that can be loaded here${seen.length ? `: it left ${seen.join(', ')}` : ''}.`, {
    code: 'no_result',
    hint: 'This provider keeps the weights to itself. Train at an endpoint that hands out adapter files.',
  });
}

/** One pair of configuration and weights, and the probe; empty when a pair is not whole. */
function pick(listed: readonly FileObject[]): Map<string, FileObject> {
  const byName = new Map(listed.map(file => [basename(file.filename), file]));
  for (const [weights, config] of Object.entries(pairOf)) {
    if (!byName.has(weights) || !byName.has(config)) continue;
    const names = [config, weights, 'probe.json'].filter(name => byName.has(name));
    return new Map(names.map(name => [name, byName.get(name)!]));
  }
  return new Map();
}

async function download(
  client: Client,
  taken: ReadonlyMap<string, FileObject>,
  on: (update: TuneUpdate) => void,
  signal: AbortSignal,
): Promise<TunedFiles> {
  const total = [...taken.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const files: TunedFiles = {};
  let before = 0;
  for (const [name, file] of taken) {
    const progress = (done: number): void => on({ type: 'downloading', done: before + done, total: Math.max(total, before + done) });
    files[name] = await persistently(() => client.content(file.id, wanted[name]!, progress, signal), signal);
    before += files[name].length;
  }
  return files;
}

/** A download that breaks off begins again: nothing is known of its second half. */
async function persistently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const again = error instanceof EndpointError && (error.code === 'unreachable' || error.code === 'damaged');
      if (!again || left === 0) throw error;
    }
  }
}

/**
 * Numbers in the tensors of a safetensors file, by its header alone; what they are is checked where they are loaded.
 * @throws EndpointError `damaged`
 */
export function countParameters(files: TunedFiles): number {
  const bytes = Object.entries(files).find(([name]) => isWeights(name))?.[1];
  if (!bytes) return 0;
  const bad = (): EndpointError => new EndpointError('The weights are not a safetensors file.', { code: 'damaged' });
  if (bytes.length < 8) throw bad();
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) throw bad();
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  } catch {
    throw bad();
  }
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([, tensor]) => (tensor as { shape?: unknown }).shape)
    .reduce<number>((sum, shape) => {
      if (!Array.isArray(shape) || !shape.every(Number.isSafeInteger)) throw bad();
      return sum + (shape as number[]).reduce((product, n) => product * n, 1);
    }, 0);
}
