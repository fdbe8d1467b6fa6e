// Trains in this process tree, through the very wire a remote endpoint has: the tuner's `fetch` is called without a socket.
import { randomBytes } from 'node:crypto';
import { basename, resolve } from 'node:path';

import { createClient } from '../finetune/client';
import { memoryMemos } from '../finetune/memo';
import { givenByHand } from '../finetune/given';
import { profiles } from '../finetune/profile';
import { runOrder } from '../finetune/run-order';
import { createTuner } from '../tuner/app';
import { openNodeDisk } from '../tuner/disk-node';
import { createProcessEngine } from '../tuner/train/process';
import { app } from './about';
import { CliError } from './errors';
import type { LoopEndpoint } from './loop-ports';

export interface EndpointOptions {
  /** Folder of the endpoint's files and jobs: a resumed loop finds them there. */
  data: string;
  modelDir: string;
  /** Trainings side by side, one thread each. */
  slots: number;
}

/** Nobody listens there: requests never leave this process. */
const address = 'http://tuner.invalid';

/** @throws CliError when another process trains in this folder */
export async function openEndpoint({ data, modelDir, slots }: EndpointOptions): Promise<LoopEndpoint> {
  const disk = await openNodeDisk(data).catch((error: Error) => {
    throw new CliError(`cannot train in ${data}: ${error.message}`);
  });
  const token = randomBytes(16).toString('hex');
  const tuner = await createTuner({
    engine: createProcessEngine({ models: [{ id: basename(resolve(modelDir)), dir: modelDir }], slots }),
    disk,
    token,
    hosts: null,
    // Nobody else asks, and a kill of this process is no fault of the job that it interrupted.
    limits: { perSecond: 10_000, attempts: 20 },
    log: line => console.error(line),
  });
  const client = createClient({
    baseUrl: address,
    token,
    profile: profiles.tuner,
    fetch: (url, init) => tuner.fetch(new Request(url, init)),
  });
  // The endpoint lies beside the loop and finds a job by its metadata; nothing else has to be remembered.
  const remembered = memoryMemos();
  return {
    async finetune(order, on, signal) {
      if (order.from === givenByHand)
        throw new CliError(`${order.agent} goes on from weights that were given by hand, which are not known here: add --by-hand, too.`);
      return runOrder(client, order, on, { signal, remembered, app });
    },
    close: () => tuner.close(),
  };
}
