// Trains nothing: lays each set into a folder, and takes the weights that somebody put beside it.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { TuneOrder, Tuned } from '../datasets/order';

import { LeftAsItWas } from '../experiment/ports';
import { GivenError, readGiven, resultOf, type GivenFile } from '../finetune/given';
import { setFiles, takeAlongReadme } from '../finetune/take-along';
import type { Engine } from '../models/engine';
import { tryOut, type Trial } from '../models/try-out';
import { replaceFile } from './durable';
import { CliError } from './errors';
import type { LoopEndpoint } from './loop-ports';

export interface ByHandOptions {
  /** Of the loop. */
  out: string;
  engine: Pick<Engine, 'facts' | 'adopt' | 'probe'>;
  /** Weights that name another base are taken all the same. */
  anyBase: boolean;
  log: (line: string) => void;
}

/** An empty file of this name leaves the agent as it is. */
const keepName = 'keep';

async function filesIn(folder: string): Promise<GivenFile[]> {
  const there = await readdir(folder, { withFileTypes: true });
  const names = there.filter(entry => entry.isFile() && /^keep$|\.(?:json|safetensors|zip)$/.test(entry.name)).map(({ name }) => name);
  return Promise.all(
    names.map(async name => {
      const path = join(folder, name);
      return { name, size: (await stat(path)).size, read: async () => new Uint8Array(await readFile(path)) };
    }),
  );
}

export function byHandEndpoint({ out, engine, anyBase, log }: ByHandOptions): LoopEndpoint {
  // There is one engine: one after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<Trial>): Promise<Trial> => {
    const trial = turn.then(work);
    turn = trial.catch(() => undefined);
    return trial;
  };

  /** @throws CliError that says where what is missing */
  async function finetune(order: TuneOrder, signal: AbortSignal): Promise<Tuned> {
    const iteration = join(out, 'by-hand', `it${order.iteration}`);
    const folder = join(iteration, order.agent);
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(setFiles(order))) await replaceFile(join(folder, name), text);
    await replaceFile(join(folder, 'README.txt'), takeAlongReadme([order]));
    const given = await filesIn(folder);
    if (given.length === 0)
      throw new CliError(
        `weights are awaited in ${iteration}, a folder for each agent, where its train.jsonl and README.txt lie. Put adapter_config.json and ` +
          `adapter_model.safetensors beside them (probe.json too, if there is one), or an empty file named ${keepName} to leave the agent as it is; ` +
          'then add --resume --by-hand.',
      );
    if (given.some(({ name }) => name === keepName)) throw new LeftAsItWas();
    try {
      const files = await readGiven(given);
      const trial = await inTurn(() => tryOut(engine, files, anyBase, signal));
      if (trial.taken) return resultOf(files, trial.probe !== null);
      const anyway = trial.otherBase ? ' With --any-base they are taken all the same.' : '';
      throw new GivenError(trial.reason, `Put others there, then add --resume --by-hand.${anyway}`);
    } catch (error) {
      if (!(error instanceof GivenError)) throw error;
      const text = `the weights in ${folder} are not taken. ${error.message} ${error.hint}`;
      // Others may wait for theirs, and only one of all reasons ends the loop.
      log(text);
      throw new CliError(text);
    }
  }

  return { finetune: (order, _, signal) => finetune(order, signal), close: async () => undefined };
}
