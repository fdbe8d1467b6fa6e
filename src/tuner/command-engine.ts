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
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandBases } from './command-bases';
import { collect, prepare } from './command-folder';
import { hear, killLeftovers, start } from './command-program';
import type { BaseModel, TrainEngine } from './engine';
import { logOf } from './worker-log';

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

/** Fills in placeholders; braces around anything else stay as they are. */
export const fillArguments = (argv: readonly string[], values: Readonly<Record<string, string>>): string[] =>
  argv.map(part => part.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name]! : whole)));

export function createCommandEngine({ argv, models, data, slots = 1, grace = 20_000 }: CommandOptions): TrainEngine {
  const work = join(data, 'work');
  let bases: Promise<BaseModel[]> | undefined;
  const cleared = killLeftovers(work);

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
      try {
        const program = await start(fillArguments(argv, values), dir);
        await hear(program, logOf(join(data, 'jobs'), id), grace, on, signal);
        return await collect(join(dir, 'out'));
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}
