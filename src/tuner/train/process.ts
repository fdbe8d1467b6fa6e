// The engine `onnx` in processes of their own, one per job: a crash, a leak or a full memory ends one job and nothing else.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { folderOnDisk } from '../../models/engine-node';
import { TrainError, type BaseModel, type Files, type TrainEngine, type TrainUpdate } from '../engine';
import { describeBase, placeOf, type BasePlace } from './base';
import { readFiles, writeJob, type DiskBase } from './job-folder';
import { keepLog, logOf } from '../worker-log';
import { jsonLines } from './lines';
import { diskBasesIn } from './node';

export interface ProcessEngineOptions {
  /** Folder of model folders such as `public/models`, or the bases one by one. */
  models: string | readonly DiskBase[];
  /** Jobs side by side; as many as there are processors by default, at most four. */
  slots?: number;
  /** Threads of each job. */
  threads?: number;
  /** A job works in a folder of its id in here; by default in a temporary one. Of both nothing stays but what `logs` says. */
  scratch?: string;
  /** Folder of the jobs' folders, where `worker.log` is kept; by default `scratch`, if there is one. */
  logs?: string;
  /** Milliseconds without a line from a worker after which it counts as hung. */
  silence?: number;
  /** Milliseconds from the request to stop until the worker is killed. */
  grace?: number;
  /** A folder among the models that holds nothing trainable is left out, and this is told why. */
  onLeftOut?(id: string, reason: string): void;
  /** The worker's module; another one only in tests. */
  worker?: string;
}

const ownWorker = fileURLToPath(new URL('./process-worker.ts', import.meta.url));
/** Resolved from here: the worker's own directory knows no packages. */
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
/** All that a worker learns of its surroundings. No secret has one of these names. */
const passedOn = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];

export function createProcessEngine(options: ProcessEngineOptions): TrainEngine {
  const { slots = Math.min(4, availableParallelism()), threads = 1, scratch, logs = scratch } = options;
  const bases = typeof options.models === 'string' ? diskBasesIn(options.models) : options.models;
  const places = bases.map(({ dir, ...base }) => ({ ...base, dir, folder: folderOnDisk(dir) }));
  let described: Promise<BaseModel[]> | undefined;
  return {
    name: 'onnx',
    seededRows: true,
    slots,
    methods: ['supervised', 'dpo'],
    bases: () => (described ??= describeAll(places, options.onLeftOut)),
    async train(id, job, on, signal) {
      signal.throwIfAborted();
      if (!/^[A-Za-z0-9][\w-]{0,99}$/.test(id)) throw new RangeError(`a job cannot be called ${id}`);
      const { folder: _, ...base } = placeOf(places, job.base) as DiskBase & { folder: unknown };
      const dir = scratch === undefined ? await mkdtemp(join(tmpdir(), 'polylogue-')) : resolve(scratch, id);
      await mkdir(dir, { recursive: true });
      try {
        await empty(dir, []);
        await writeJob(dir, { base: { ...base, dir: resolve(base.dir) }, threads, job });
        return await runWorker(dir, logs === undefined ? join(dir, 'worker.log') : logOf(logs, id), options, on, signal);
      } finally {
        if (scratch === undefined) await rm(dir, { recursive: true, force: true });
        else await empty(dir, ['worker.log']);
      }
    },
  };
}

/** Among the models of a folder some may be for inference only; one alone must be usable. */
async function describeAll(
  places: readonly BasePlace[],
  onLeftOut = (id: string, reason: string): void => process.emitWarning(`The model ${id} cannot be trained: ${reason}`),
): Promise<BaseModel[]> {
  const found: BaseModel[] = [];
  for (const place of places) {
    try {
      found.push(await describeBase(place));
    } catch (error) {
      if (places.length === 1) throw error;
      onLeftOut(place.id, error instanceof Error ? error.message : String(error));
    }
  }
  return found;
}

async function empty(dir: string, keep: readonly string[]): Promise<void> {
  for (const name of await readdir(dir)) if (!keep.includes(name)) await rm(join(dir, name), { recursive: true, force: true });
}

/** The group, so that whatever the worker started goes as well. */
function kill(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid!, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function runWorker(
  dir: string,
  log: string,
  { worker = ownWorker, silence = 600_000, grace = 20_000 }: ProcessEngineOptions,
  on: (update: TrainUpdate) => void,
  signal: AbortSignal,
): Promise<Files> {
  const child = spawn(process.execPath, ['--import', tsx, worker, dir], {
    cwd: dir,
    env: Object.fromEntries(passedOn.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  let failure: Error | undefined;
  let isDone = false;
  let forwarding = Promise.resolve();

  const hung = (): void => {
    failure ??= new TrainError('timeout', `The worker said nothing for ${Math.round(silence / 1000)} seconds.`);
    kill(child, 'SIGKILL');
  };
  let watch = setTimeout(hung, silence);
  let reaper: NodeJS.Timeout | undefined;
  const stop = (): void => {
    kill(child, 'SIGTERM');
    reaper = setTimeout(() => kill(child, 'SIGKILL'), grace);
  };
  signal.addEventListener('abort', stop, { once: true });

  const forward = async (line: Record<string, unknown>): Promise<void> => {
    if (line.t !== 'checkpoint') return on(line as unknown as TrainUpdate);
    const folder = join(dir, `ckpt-${Number(line.step)}`);
    const files = await readFiles(folder);
    if (files) on({ t: 'checkpoint', step: Number(line.step), files });
    await rm(folder, { recursive: true, force: true });
  };
  const read = jsonLines(line => {
    clearTimeout(watch);
    watch = setTimeout(hung, silence);
    if (line.t === 'done') isDone = true;
    else if (line.t === 'error')
      failure ??= new TrainError(line.code as TrainError['code'], String(line.message), line.param as string | null);
    else if (typeof line.t === 'string' && ['plan', 'reference', 'progress', 'eval', 'checkpoint', 'warn'].includes(line.t)) {
      // In order, though a checkpoint takes a while to be read.
      forwarding = forwarding.then(() => (signal.aborted ? undefined : forward(line)));
      forwarding.catch((error: unknown) => {
        failure ??= error as Error;
        kill(child, 'SIGKILL');
      });
    }
  });
  child.stdout!.setEncoding('utf8').on('data', read);
  const complaint = keepLog(child.stderr!, log);

  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>(ended => {
    child.once('error', error => {
      failure ??= new TrainError('worker_lost', `The worker could not be started: ${error.message}`);
      ended([null, null]);
    });
    child.once('close', (...how) => ended(how));
  });
  clearTimeout(watch);
  clearTimeout(reaper);
  signal.removeEventListener('abort', stop);
  await forwarding.catch(() => undefined); // its failure is in `failure`
  signal.throwIfAborted();
  if (failure) throw failure;
  const files = isDone ? await readFiles(join(dir, 'out')) : null;
  if (files) return files;
  const said = complaint();
  if (/heap out of memory|bad_alloc/i.test(said)) throw new TrainError('oom', 'Training ran out of memory.');
  throw new TrainError(
    'worker_lost',
    `The worker ended ${by ? `by ${by}` : `with code ${code}`} before it was done.${said && ` It said: ${said}`}`,
  );
}
