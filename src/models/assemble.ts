// Puts an engine together from a runtime and a model folder, telling its phases on the way.
import type { AdapterFiles } from '../onnx/peft';
import { AdapterShelf, placeAdapter } from './adapters';
import { Batch, type Model } from './batch';
import { growingCache } from './cache-growing';
import { slotCache } from './cache-slots';
import { staticCache } from './cache-static';
import type { Engine, EngineModelRef, LoadProgress } from './engine';
import { createEngine, type EngineParts } from './engine-core';
import { hashOf } from './hash';
import { loadGraph, type GraphFiles, type LoadedGraph } from './load-graph';
import { readModelConfig } from './model-config';
import type { ModelFolder } from './model-folder';
import type { Runtime } from './runtime';
import { readReferences } from './self-check-reference';
import { verify } from './verify';
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

/** Keys and values of one batch may take this much. */
const CACHE_BYTES = 512 * 2 ** 20;
/** Up to this size a second session for the check of the adapter inputs costs next to nothing. */
const SMALL_GRAPH = 32 * 2 ** 20;

const noAdapters: Model['adapters'] = () => ({ feeds: () => ({}), keep: () => undefined, dispose: () => undefined });

function modelOn(runtime: Runtime, { session, shape, pooled }: LoadedGraph, adapters: Model['adapters']): Model {
  // Asked at each batch: the memory exists once the first session does.
  const newCache: Model['newCache'] = (rows, longest) =>
    runtime.memory
      ? staticCache(runtime.memory, shape, rows, longest)
      : shape.slotOutputs
        ? slotCache(runtime, shape, rows)
        : growingCache(runtime, shape, rows);
  // Products over a single row take another kernel, which rounds otherwise; with prepacked weights they do not, with a pool they do.
  return { runtime, session, shape, newCache, adapters, pooled, minRows: pooled ? 2 : 1 };
}

/** Ranks of all adapters together up to which reading and multiplying a pool is cheaper than an adapter per row. */
const POOL_RANK = 96;

/** On a graphics card rows keep inputs of their own: there that form is the proven one. */
function adapterForm(runtime: Runtime, adapters: ReadonlyMap<string, AdapterFiles>): 'per-row' | 'pooled' {
  if (runtime.device === 'webgpu') return 'per-row';
  const rank = [...adapters.values()].reduce((sum, files) => {
    const { r } = JSON.parse(files['adapter_config.json']) as { r?: unknown };
    return sum + (typeof r === 'number' ? r : POOL_RANK);
  }, 0);
  return rank <= POOL_RANK ? 'pooled' : 'per-row';
}

/** @throws EngineError `bad-model` when the folder is not usable, SelfCheckFailed when the device is not */
export const assemble = async (options: AssembleOptions, signal: AbortSignal): Promise<Engine> =>
  createEngine(await assembleParts(options, signal));

/** What an engine is made of, loaded and checked; the bench and the recorder of references look inside. */
export async function assembleParts(options: AssembleOptions, signal: AbortSignal): Promise<EngineParts> {
  const { base, dtype, runtime, folder, graph, adapters = new Map<string, AdapterFiles>(), onProgress = () => undefined } = options;
  const open: LoadedGraph[] = [];
  const release = async (): Promise<void> => {
    for (const { session } of open.splice(0)) await session.release();
  };
  try {
    const config = await readModelConfig(folder, signal);
    const references = await readReferences(folder, dtype, signal);
    const load = async (lora: false | 'per-row' | 'pooled'): Promise<LoadedGraph> => {
      const loaded = await loadGraph(runtime, graph, { lora, widths: config.widths });
      open.push(loaded);
      signal.throwIfAborted();
      return loaded;
    };
    onProgress({ phase: 'compile', done: 0, total: 1 });
    const form = adapterForm(runtime, adapters);
    const main = await load(adapters.size > 0 && form);
    const placed = new Map([...adapters].map(([id, files]) => [id, placeAdapter(id, files, main.modules, main.refusals)]));
    const shelf = new AdapterShelf(runtime, main.modules, placed, main.pooled);
    const model = modelOn(runtime, main, rows => shelf.inputs(rows));
    onProgress({ phase: 'compile', done: 1, total: 1 });

    // The first run of a session plans its memory and, on a graphics card, compiles its kernels.
    onProgress({ phase: 'warm-up', done: 0, total: 1 });
    const [stop] = config.stops;
    const first = new Batch(model, [null], 2);
    await first.prefill([[stop!]]);
    await first.step([stop!]);
    first.dispose();
    onProgress({ phase: 'warm-up', done: 1, total: 1 });
    signal.throwIfAborted();

    const other = graph.graph.length <= SMALL_GRAPH ? await load(adapters.size === 0 && form) : null;
    const adapted = other && (adapters.size ? { model, plain: modelOn(runtime, other, noAdapters), modules: main.modules } : null);
    const probed =
      adapted ?? (other?.modules.length ? { model: modelOn(runtime, other, noAdapters), plain: model, modules: other.modules } : null);
    const { checks, singly } = await verify({
      model,
      adapted: probed,
      references,
      dtype,
      onStep: (done, total) => {
        signal.throwIfAborted();
        onProgress({ phase: 'self-check', done, total });
      },
    });
    if (other) {
      open.pop();
      await other.session.release();
    }
    return {
      facts: {
        base,
        modelHash: await hashOf(graph.graph),
        dtype,
        device: runtime.device,
        runtime: runtime.name,
        parameters: main.parameters,
      },
      model,
      config,
      adapters: shelf,
      limits: {
        rows: 32,
        prefillTokens: 8192,
        cacheTokens: Math.max(1, Math.floor(CACHE_BYTES / main.shape.bytesPerToken)),
        ...options.limits,
        // The same words alone and in company come before speed.
        ...(main.mixesRows || singly ? { rows: 1 } : {}),
      },
      checks,
      now: options.now,
      breathe: options.breathe,
      dispose: release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}
