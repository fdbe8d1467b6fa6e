// The engines of a command, as many as processors; what keeps one of them away is told, and the others speak.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import type { Engine, EngineModelRef } from '../models/engine';
import { createNodeTeam } from '../models/team/node';
import { CliError } from './errors';

/** @param threads processors to use; all when left out @throws CliError when the folder holds no usable model */
export async function openEngine(dir: string, base: EngineModelRef, threads?: number): Promise<Engine> {
  try {
    return await createNodeTeam(dir, {
      base,
      processors: threads ?? availableParallelism(),
      onFewer: reason => console.error(`One engine fewer, the others go on: ${reason}`),
    });
  } catch (error) {
    throw new CliError(`cannot load a model from ${resolve(dir)}: ${(error as Error).message}`);
  }
}
