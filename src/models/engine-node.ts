// The society engine in a Node process: what the command line, the bench and the evaluation use.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { MappedAdapter } from '../onnx/feeds';
import { assemble } from './assemble';
import type { Engine, EngineModelRef, LoadProgress } from './engine';
import { EngineError } from './fault';
import type { ModelFolder } from './model-folder';
import { nodeRuntime } from './runtime-node';
import type { WaveLimits } from './waves';

export interface NodeEngineOptions {
  /** What the run's record names as its base; a built-in of the folder's name when left out. */
  base?: EngineModelRef;
  /** Threads of one run. */
  threads?: number;
  /** By the id rows name them with. */
  adapters?: ReadonlyMap<string, MappedAdapter>;
  limits?: Partial<WaveLimits>;
  onProgress?(progress: LoadProgress): void;
  signal?: AbortSignal;
}

export const folderOnDisk = (dir: string): ModelFolder => ({
  async read(path) {
    try {
      return await readFile(join(dir, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
});

/**
 * @param dir a model folder: config, tokenizer and `onnx/model.onnx`
 * @throws EngineError `bad-model` when the folder holds no model the engine can run
 */
export async function createNodeEngine(dir: string, options: NodeEngineOptions = {}): Promise<Engine> {
  const { base = { kind: 'builtin', id: basename(dir) }, threads, signal = new AbortController().signal, ...rest } = options;
  const folder = folderOnDisk(dir);
  const graph = await folder.read('onnx/model.onnx');
  if (!graph) throw new EngineError('bad-model', `There is no onnx/model.onnx in ${dir}.`);
  const data = await folder.read('onnx/model.onnx_data');
  return assemble(
    {
      base,
      dtype: 'fp32',
      runtime: nodeRuntime(threads === undefined ? {} : { threads }),
      folder,
      graph: { graph, external: data ? [{ path: 'model.onnx_data', data }] : [] },
      now: () => performance.now(),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      ...rest,
    },
    signal,
  );
}
