// The engine's measurements in this Node process.
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';

import { chooseFiles } from '../choose-files';
import type { EngineMessage } from '../engine';
import { folderOnDisk } from '../engine-node';
import { readGraph } from '../read-graph';
import { nodeRuntime } from '../runtime-node';
import { createNodeTeam } from '../team/node';
import { libraryModel } from './library-generate';
import { benchEngine, type EngineBench } from './suite';

export interface NodeBenchOptions {
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  decodeSteps: number;
  rounds: number;
  /** onnxruntime's own choice when left out. */
  threads?: number;
}

/** @param dir a model folder with a full-precision graph */
export async function benchNode(dir: string, { threads, ...options }: NodeBenchOptions): Promise<EngineBench> {
  const folder = folderOnDisk(dir);
  const signal = new AbortController().signal;
  const chosen = await chooseFiles(folder, { device: 'cpu', halves: false }, 'fp32', signal);
  return benchEngine({
    ...options,
    assemble: {
      base: { kind: 'builtin', id: basename(dir) },
      dtype: 'fp32',
      runtime: nodeRuntime(threads === undefined ? {} : { threads }),
      folder,
      graph: await readGraph(folder, chosen, signal),
      now: () => performance.now(),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
    },
    team: adapters => createNodeTeam(dir, { adapters, processors: availableParallelism() }),
    library: () => libraryModel(`${dirname(dir)}/`, basename(dir), 'cpu', 'fp32', threads),
  });
}
