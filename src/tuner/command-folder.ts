// The folder of a job of the engine `command`: what its program finds there, and what is taken from it.
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asCompletions, asLastTurns, datasetInfo } from './command-rows';
import { TrainError, type Files, type TrainJob } from './engine';
import { publishedNames } from './results';

const largestResult = 2 ** 31;

async function writeAll(dir: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  await mkdir(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes);
  return dir;
}

/** Made anew. @param base folder of the base model @returns what the placeholders of the command line stand for */
export async function prepare(dir: string, base: string, job: TrainJob): Promise<Record<string, string>> {
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

/** The published files of a result. @param out where the program left it */
export async function collect(out: string): Promise<Files> {
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
export async function checkpointIn(dir: string, name: string): Promise<Files> {
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
