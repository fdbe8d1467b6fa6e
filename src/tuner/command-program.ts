// The program of a job of the engine `command`: started without a shell, heard line by line, and ended with all that it started.
import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointIn } from './command-folder';
import { readLine } from './command-lines';
import { TrainError, type TrainUpdate } from './engine';
import { startOf } from './lock-node';
import { jsonLines } from './train/lines';
import { keepLog } from './worker-log';

interface Program {
  /** As it was called. */
  name: string;
  child: ChildProcess;
  /** Its code; null = a signal ended it. @throws TrainError when it could not be started */
  ended: Promise<number | null>;
  /** Folder of its job. */
  dir: string;
}

/** What a trainer may need to know of its surroundings; nothing whose name could be that of a secret. */
const passedOn = [
  ...['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH'],
  ...['CUDA_VISIBLE_DEVICES', 'CUDA_HOME', 'LD_LIBRARY_PATH', 'OMP_NUM_THREADS', 'HF_HOME', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'],
];

/** The group, so that whatever the program started goes as well. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ends programs that a killed endpoint left behind, if they are still the same processes. */
export async function killLeftovers(work: string): Promise<void> {
  for (const id of await readdir(work).catch(() => [] as string[])) {
    const text = await readFile(join(work, id, 'worker.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const { pid, start } = JSON.parse(text) as { pid: number; start: string | null };
    if (start !== null && (await startOf(pid)) === start) signalGroup(pid, 'SIGKILL');
    await rm(join(work, id), { recursive: true, force: true });
  }
}

/** @param dir folder of its job, where it is noted for `killLeftovers` */
export async function start([name, ...args]: readonly string[], dir: string): Promise<Program> {
  const child = spawn(name!, args, {
    cwd: dir,
    env: Object.fromEntries(passedOn.flatMap(known => (process.env[known] === undefined ? [] : [[known, process.env[known]]]))),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  // Heard from the first moment: a program that cannot be started says so before anything else happens.
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', error => reject(new TrainError('internal', `${name} could not be started: ${error.message}`)));
    child.once('close', resolve);
  });
  ended.catch(() => undefined); // thrown to whoever hears it
  if (child.pid !== undefined)
    await writeFile(join(dir, 'worker.json'), JSON.stringify({ pid: child.pid, start: await startOf(child.pid) }));
  return { name: name!, child, ended, dir };
}

/**
 * Hears a program to its end.
 * @throws TrainError when it could not be started, told of an error or ended with another code than 0; `signal.reason`
 */
export async function hear(
  { name, child, ended, dir }: Program,
  log: string,
  grace: number,
  on: (update: TrainUpdate) => void,
  signal: AbortSignal,
): Promise<void> {
  let said = performance.now();
  let failure: Error | null = null;
  let telling = Promise.resolve();
  const read = jsonLines(line => {
    const heard = readLine(line, performance.now() - said);
    if (!heard) return;
    said = performance.now();
    if (heard.type === 'error') failure ??= heard.error;
    // In order, though a checkpoint takes a while to be read; what cannot be told ends the run.
    else
      telling = telling.then(async () => {
        if (signal.aborted || failure) return;
        if (heard.type === 'update') return on(heard.update);
        on({ t: 'checkpoint', step: heard.step, files: await checkpointIn(dir, heard.dir) });
      });
    telling.catch((error: unknown) => {
      failure ??= error as Error;
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    });
  });
  child.stdout!.setEncoding('utf8').on('data', read);
  const words = keepLog(child.stderr!, log);
  let reaper: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.pid === undefined) return;
    signalGroup(child.pid, 'SIGTERM');
    reaper = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), grace);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop(); // while its folder was made
  try {
    const code = await ended;
    await telling.catch(() => undefined); // its failure is in `failure`
    signal.throwIfAborted();
    if (failure !== null) throw failure as Error;
    const tail = words();
    if (code !== 0) throw new TrainError('internal', `${name} ended with code ${code ?? 'none'}.${tail && ` It said: ${tail}`}`);
  } finally {
    clearTimeout(reaper);
    signal.removeEventListener('abort', stop);
  }
}
