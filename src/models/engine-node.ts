// The society engine in a Node process: what the command line, the bench and the evaluation use.
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { AdapterFiles } from '../onnx/peft';
import { assemble } from './assemble';
import { chooseFiles } from './choose-files';
import type { Engine, EngineModelRef, LoadProgress, TunedFiles } from './engine';
import { readGraph } from './read-graph';
import type { ModelFolder } from './model-folder';
import { nodeRuntime } from './runtime-node';
import type { WaveLimits } from './waves';

export interface NodeEngineOptions {
  /** What the run's record names as its base; a built-in of the folder's name when left out. */
  base?: EngineModelRef;
  /** Threads of one run. */
  threads?: number;
  /** Which of the model's graphs; full precision where there is one. */
  dtype?: string;
  /** By the id rows name them with. */
  adapters?: ReadonlyMap<string, AdapterFiles>;
  /** Agents to begin with, as `Engine.adopt` takes them. */
  agents?: ReadonlyMap<string, TunedFiles>;
  limits?: Partial<WaveLimits>;
  onProgress?(progress: LoadProgress): void;
  signal?: AbortSignal;
}

const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

export const folderOnDisk = (dir: string): ModelFolder => ({
  async find(path) {
    const facts = await orNull(stat(join(dir, path)));
    return facts && { bytes: facts.size, cached: true };
  },
  read: path => orNull(readFile(join(dir, path))),
});

const cpu = { device: 'cpu', halves: false } as const;

/** Bytes of the graph that would be loaded and of the files it names. */
export async function graphBytes(dir: string, dtype?: string): Promise<number> {
  const { graph, external } = await chooseFiles(folderOnDisk(dir), cpu, dtype);
  return [graph, ...external].reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * @param dir a model folder: config, tokenizer and `onnx/model.onnx`
 * @throws EngineError `bad-model` when the folder holds no model the engine can run
 */
export async function createNodeEngine(dir: string, options: NodeEngineOptions = {}): Promise<Engine> {
  const { base = { kind: 'builtin', id: basename(dir) }, threads, dtype, signal = new AbortController().signal, ...rest } = options;
  const folder = folderOnDisk(dir);
  const chosen = await chooseFiles(folder, cpu, dtype, signal);
  return assemble(
    {
      base,
      dtype: chosen.dtype,
      runtime: nodeRuntime(threads === undefined ? {} : { threads }),
      folder,
      graph: await readGraph(folder, chosen, signal),
      reread: () => readGraph(folder, chosen, new AbortController().signal),
      now: () => performance.now(),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      ...rest,
    },
    signal,
  );
}
