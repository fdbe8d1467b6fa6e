// Puts an engine together from a runtime and a model folder, telling its phases on the way.
import type { AdapterFiles } from '../onnx/peft';
import { AdapterShelf, placeAdapter } from './adapters';
import { Batch, type Model } from './batch';
import { growingCache } from './cache-growing';
import { staticCache } from './cache-static';
import type { Engine, EngineModelRef, LoadProgress } from './engine';
import { createEngine } from './engine-core';
import { hashOf } from './hash';
import { loadGraph, type GraphFiles } from './load-graph';
import { readModelConfig } from './model-config';
import type { ModelFolder } from './model-folder';
import type { Runtime } from './runtime';
import type { WaveLimits } from './waves';

export interface AssembleOptions {
  base: EngineModelRef;
  dtype: string;
  runtime: Runtime;
  folder: ModelFolder;
  graph: GraphFiles;
  /** By the id rows name them with. Any adapter gives the graph adapter inputs, which cost every row a little. */
  adapters?: ReadonlyMap<string, AdapterFiles>;
  limits?: Partial<WaveLimits>;
  now(): number;
  breathe(): Promise<void>;
  onProgress?(progress: LoadProgress): void;
}

export async function assemble(options: AssembleOptions, signal: AbortSignal): Promise<Engine> {
  const {
    base,
    dtype,
    runtime,
    folder,
    graph,
    adapters = new Map<string, AdapterFiles>(),
    now,
    breathe,
    onProgress = () => undefined,
  } = options;
  const config = await readModelConfig(folder, signal);
  onProgress({ phase: 'compile', done: 0, total: 1 });
  const { session, shape, modules, refusals, mixesRows, parameters } = await loadGraph(runtime, graph, {
    lora: adapters.size > 0,
    widths: config.widths,
  });
  try {
    signal.throwIfAborted();
    onProgress({ phase: 'compile', done: 1, total: 1 });
    const shelf = new AdapterShelf(
      runtime,
      modules,
      new Map([...adapters].map(([id, files]) => [id, placeAdapter(id, files, modules, refusals)])),
    );
    const model: Model = {
      runtime,
      session,
      shape,
      newCache: (rows, longest) =>
        runtime.memory ? staticCache(runtime.memory, shape, rows, longest) : growingCache(runtime, shape, rows),
      adapterFeeds: rows => shelf.feeds(rows),
    };
    onProgress({ phase: 'warm-up', done: 0, total: 1 });
    const first = new Batch(model, [null], 2);
    await first.prefill([[...config.stops].slice(0, 1)]);
    await first.step([[...config.stops][0]!]);
    first.dispose();
    onProgress({ phase: 'warm-up', done: 1, total: 1 });
    signal.throwIfAborted();
    return createEngine({
      facts: { base, modelHash: await hashOf(graph.graph), dtype, device: runtime.device, runtime: runtime.name, parameters },
      model,
      config,
      adapters: shelf,
      limits: {
        rows: 32,
        prefillTokens: 8192,
        cacheTokens: Math.max(1, Math.floor(CACHE_BYTES / shape.bytesPerToken)),
        ...options.limits,
        // The same words alone and in company come before speed.
        ...(mixesRows ? { rows: 1 } : {}),
      },
      checks: [],
      now,
      breathe,
      dispose: () => session.release(),
    });
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Keys and values of one batch may take this much. */
const CACHE_BYTES = 512 * 2 ** 20;
