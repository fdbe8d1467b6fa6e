// The engines of a Node process: one here, and for a small model one more for each further processor.
import { Worker as Thread } from 'node:worker_threads';

import { SMALL_GRAPH } from '../base-model';
import { createWebEngine } from '../engine-client';
import { createNodeEngine, graphBytes, type NodeEngineOptions } from '../engine-node';
import { createTeam, type Team } from './team';

const module = new URL('./node-thread.mjs', import.meta.url);

/** A thread of Node where the engine's client expects a worker of a page. */
function threadWorker(data: unknown): Worker {
  const thread = new Thread(module, { workerData: data });
  const worker = {
    onmessage: null as ((event: { data: unknown }) => void) | null,
    onerror: null as ((event: { message: string; preventDefault(): void }) => void) | null,
    postMessage: (message: unknown) => thread.postMessage(message),
    terminate: () => void thread.terminate(),
  };
  const gone = (message: string): void => worker.onerror?.({ message, preventDefault: () => undefined });
  thread.on('message', (message: unknown) => worker.onmessage?.({ data: message }));
  thread.on('error', error => gone(error instanceof Error ? error.message : String(error)));
  thread.on('exit', code => gone(`The engine's thread ended with code ${code}.`));
  return worker as unknown as Worker;
}

export interface NodeTeamOptions extends Omit<NodeEngineOptions, 'threads'> {
  /** Processors to keep busy. */
  processors: number;
  onFewer?(reason: string): void;
}

/**
 * A large model shares each step among all processors; a small one would only wait for them, so each has an engine of its own.
 * @param dir a model folder, as `createNodeEngine` takes it
 */
export async function createNodeTeam(dir: string, { processors, onFewer, ...options }: NodeTeamOptions): Promise<Team> {
  const small = (await graphBytes(dir, options.dtype)) <= SMALL_GRAPH;
  const first = await createNodeEngine(dir, { ...options, threads: small ? 1 : processors });
  const { dtype, base } = first.facts;
  return createTeam(first, {
    size: small ? processors : 1,
    hire: signal =>
      createWebEngine(base, {
        signal,
        models: '',
        ...(options.adapters ? { adapters: options.adapters } : {}),
        createWorker: () => threadWorker({ dir, dtype, threads: 1, limits: options.limits }),
      }),
    ...(onFewer ? { onFewer } : {}),
  });
}
