// The engine `command`: every job is a run of a program of the operator's, such as TRL, Axolotl or LLaMA-Factory. The contract is what lies
// in `out` when it ends with code 0: `adapter_config.json` and `adapter_model.safetensors`, or `config.json` and `model.safetensors`.
//
// The program is given as a list of arguments and started without a shell, in a folder of its job. In each argument these stand for values:
//   {training} {validation}   JSONL files as they were uploaded, `weight` included; {validation} is empty when there is none
//   {completions}             folder with train.jsonl, and validation.jsonl if any: {"prompt":[…],"completion":[…]}, one row a trained turn
//   {last_turns}              folder with train.jsonl, validation.jsonl if any, and dataset_info.json: {"messages":[…]}, each ending with the
//                             turn that is trained, which `train` says
//   {base}                    folder of the base model
//   {from}                    folder of the result to go on from; empty = the base
//   {resume}                  folder of the last checkpoint it told of; empty = from the beginning
//   {out}                     where the result belongs
//   {job}                     JSON with base, hyperparameters and seed
//   {seed} {lora_r} {learning_rate} … every hyperparameter by its name; `max_steps` is -1 when epochs count
// It may write JSONL to stdout (command-lines.ts): {"t":"progress","step":12,"total":200,"train_loss":0.91}, {"t":"eval","step":50,
// "valid_loss":1.2}, {"t":"checkpoint","step":50,"dir":"ckpt-50"}, {"t":"error","code":"oom","message":"…"}. It need not; once it did, its
// silence counts. What it writes to stderr is kept in worker.log in the folder of its job.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandBases } from './command-bases';
import { readLine } from './command-lines';
import { asCompletions, asLastTurns, datasetInfo } from './command-rows';
import { TrainError, type BaseModel, type Files, type TrainEngine, type TrainJob, type TrainUpdate } from './engine';
import { startOf } from './lock-node';
import { publishedNames } from './results';
import { jsonLines } from './train/lines';
import { keepLog, logOf } from './worker-log';

export interface CommandOptions {
  /** Program and arguments with placeholders. */
  argv: readonly string[];
  /** Folder of model folders. */
  models: string;
  /** Folder for the work of the jobs. */
  data: string;
  slots?: number;
  /** Milliseconds between asking a program to stop and killing it. */
  grace?: number;
}

/** What a trainer may need to know of its surroundings; nothing whose name could be that of a secret. */
const passedOn = [
  ...['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH'],
  ...['CUDA_VISIBLE_DEVICES', 'CUDA_HOME', 'LD_LIBRARY_PATH', 'OMP_NUM_THREADS', 'HF_HOME', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'],
];
const largestResult = 2 ** 31;

/** The group, so that whatever the program started goes as well. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Programs that a killed endpoint left behind, if they are still the same processes. */
async function killLeftovers(work: string): Promise<void> {
  for (const id of await readdir(work).catch(() => [] as string[])) {
    const text = await readFile(join(work, id, 'worker.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const { pid, start } = JSON.parse(text) as { pid: number; start: string | null };
    if (start !== null && (await startOf(pid)) === start) signalGroup(pid, 'SIGKILL');
    await rm(join(work, id), { recursive: true, force: true });
  }
}

async function writeAll(dir: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  await mkdir(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes);
  return dir;
}

/** Fills in placeholders; braces around anything else stay as they are. */
export const fillArguments = (argv: readonly string[], values: Readonly<Record<string, string>>): string[] =>
  argv.map(part => part.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name]! : whole)));

async function prepare(dir: string, base: string, job: TrainJob): Promise<Record<string, string>> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, 'out'), { recursive: true });
  await writeFile(join(dir, 'training.jsonl'), job.training);
  if (job.validation) await writeFile(join(dir, 'validation.jsonl'), job.validation);
  await writeFile(join(dir, 'job.json'), JSON.stringify({ base, hyperparameters: job.hyperparameters, seed: job.seed }, null, 2));
  const shaped = (name: string, shape: (jsonl: Uint8Array) => string, more: Record<string, string> = {}): Promise<string> => {
    const of = { train: job.training, ...(job.validation ? { validation: job.validation } : {}) };
    const files = Object.entries(of).map(([set, jsonl]) => [`${set}.jsonl`, shape(jsonl)]);
    return writeAll(join(dir, name), { ...(Object.fromEntries(files) as Record<string, string>), ...more });
  };
  const from = job.from ? await writeAll(join(dir, 'from'), job.from) : '';
  const resume = job.resume ? await writeAll(join(dir, 'resume'), job.resume) : '';
  return {
    ...Object.fromEntries(Object.entries(job.hyperparameters).map(([name, value]) => [name, value === null ? '-1' : String(value)])),
    ...{
      training: join(dir, 'training.jsonl'),
      validation: job.validation ? join(dir, 'validation.jsonl') : '',
      job: join(dir, 'job.json'),
      completions: await shaped('completions', asCompletions),
      last_turns: await shaped('last_turns', asLastTurns, {
        'dataset_info.json': datasetInfo(job.validation ? ['train', 'validation'] : ['train']),
      }),
    },
    ...{ base, from, resume, out: join(dir, 'out'), seed: String(job.seed) },
  };
}

async function collect(out: string): Promise<Files> {
  const files: Files = {};
  for (const name of await readdir(out)) {
    const path = join(out, name);
    const facts = await stat(path);
    if (!publishedNames.includes(name) || !facts.isFile()) continue;
    if (facts.size > largestResult) throw new TrainError('invalid_result', `${name} has ${facts.size} bytes`);
    files[name] = new Uint8Array(await readFile(path));
  }
  return files;
}

/** A folder in that of the job, or in its `out`; names only, so that nothing else of this machine is taken for a checkpoint. */
async function checkpointIn(dir: string, name: string): Promise<Files> {
  if (!/^(?:out\/)?\w[\w.-]{0,99}$/.test(name)) throw new TrainError('internal', `it told of a checkpoint in ${name.slice(0, 200)}`);
  const path = join(dir, name);
  const files: Files = {};
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += (await stat(join(path, entry.name))).size;
    if (bytes > largestResult) throw new TrainError('invalid_result', `the checkpoint in ${name} has more than ${largestResult} bytes`);
    files[entry.name] = new Uint8Array(await readFile(join(path, entry.name)));
  }
  return files;
}

export function createCommandEngine({ argv, models, data, slots = 1, grace = 20_000 }: CommandOptions): TrainEngine {
  const work = join(data, 'work');
  let bases: Promise<BaseModel[]> | undefined;
  const cleared = killLeftovers(work);

  async function run(child: ChildProcess, dir: string, log: string, on: (update: TrainUpdate) => void, signal: AbortSignal): Promise<void> {
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
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', error => reject(new TrainError('internal', `${argv[0]} could not be started: ${error.message}`)));
        child.once('close', resolve);
      });
      await telling.catch(() => undefined); // its failure is in `failure`
      signal.throwIfAborted();
      if (failure !== null) throw failure as Error;
      const tail = words();
      if (code !== 0) throw new TrainError('internal', `${argv[0]} ended with code ${code ?? 'none'}.${tail && ` It said: ${tail}`}`);
    } finally {
      clearTimeout(reaper);
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    name: 'command',
    slots,
    quiet: true,
    bases: () => (bases ??= readCommandBases(models)),
    async train(id, job, on, signal) {
      await cleared;
      signal.throwIfAborted();
      const dir = join(work, id);
      const values = await prepare(dir, join(models, job.base), job);
      const [program, ...rest] = fillArguments(argv, values);
      const child = spawn(program!, rest, {
        cwd: dir,
        env: Object.fromEntries(passedOn.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
      });
      if (child.pid !== undefined)
        await writeFile(join(dir, 'worker.json'), JSON.stringify({ pid: child.pid, start: await startOf(child.pid) }));
      try {
        await run(child, dir, logOf(join(data, 'jobs'), id), on, signal);
        return await collect(join(dir, 'out'));
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}
