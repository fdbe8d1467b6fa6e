// The base that all agents with adapters share. Its graph gets adapter inputs when the first agent needs them, and other ones when they
// become too many for the form they have.
import type { MappedAdapter } from '../onnx/feeds';
import { rankOf } from './pool-matrices';
import { AdapterShelf } from './adapters';
import { Batch, type Model } from './batch';
import type { SelfCheck } from './engine';
import { growingCache } from './cache-growing';
import { slotCache } from './cache-slots';
import { staticCache } from './cache-static';
import { KeptMemory } from './kept-memory';
import { loadGraph, type GraphFiles, type LoadedGraph } from './load-graph';
import type { Runtime } from './runtime';
import { boundsOf, checkRows, checkZero, PROBE, randomAdapter, speakPlain } from './self-check';
import { SelfCheckFailed } from './verify';

/**
 * `plain`: no adapter inputs, which cost every row a little; then an adapter per batch row, or one pool that all rows read, fed or as part of
 * the graph.
 */
export type AdapterForm = 'plain' | 'per-row' | 'pooled' | 'baked';

export const formOptions = (
  form: AdapterForm,
  adapters: ReadonlyMap<string, MappedAdapter>,
): Pick<Parameters<typeof loadGraph>[2], 'lora' | 'baked'> =>
  form === 'plain' ? { lora: false } : form === 'baked' ? { lora: 'pooled', baked: adapters } : { lora: form };

/** Up to this size a second session beside the first costs next to nothing. */
export const SMALL_GRAPH = 32 * 2 ** 20;
/** Ranks of all adapters together up to which reading and multiplying a pool is cheaper than an adapter per row. */
const POOL_RANK = 96;

/**
 * On a graphics card rows keep inputs of their own: there that form is the proven one. In Node handing over some fifty inputs takes a fifth of
 * a small model's step, in a page next to nothing, and products with the adapters of other agents cost more.
 * @param size bytes of the graph
 */
export function adapterForm(runtime: Runtime, adapters: ReadonlyMap<string, MappedAdapter>, size: number): Exclude<AdapterForm, 'plain'> {
  if (runtime.device === 'webgpu') return 'per-row';
  if ([...adapters.values()].reduce((sum, adapter) => sum + rankOf(adapter), 0) > POOL_RANK) return 'per-row';
  return runtime.device === 'cpu' && size <= SMALL_GRAPH ? 'baked' : 'pooled';
}

export const noAdapters: Model['adapters'] = () => ({ feeds: () => ({}), keep: () => undefined, dispose: () => undefined });

export function modelOn(runtime: Runtime, { session, shape, pooled, baked }: LoadedGraph, adapters: Model['adapters']): Model {
  // Asked at each batch: the memory exists once the first session does.
  const memory = new KeptMemory();
  const newCache: Model['newCache'] = (rows, longest, once) =>
    runtime.memory
      ? staticCache(runtime.memory, shape, rows, longest)
      : shape.slotOutputs
        ? slotCache(runtime, shape, memory, rows, once)
        : growingCache(runtime, shape, rows, once);
  // Products over a single row take another kernel, which rounds otherwise; with prepacked weights they do not, with a pool they do.
  // Every row is multiplied with the adapters of all; where the graph holds those of the whole society, parting saves nothing.
  const mostAgents = pooled && !baked ? 4 : Infinity;
  return { runtime, session, shape, newCache, adapters, pooled, minRows: pooled ? 2 : 1, mostAgents };
}

/** The first run of a session plans its memory and, on a graphics card, compiles its kernels. */
export async function warmUp(model: Model, token: number): Promise<void> {
  const batch = new Batch(model, [null], 2);
  try {
    await batch.prefill([[token]]);
    await batch.step([token]);
  } finally {
    batch.dispose();
  }
}

export interface BaseOptions {
  runtime: Runtime;
  dtype: string;
  widths: { q: number; kv: number } | undefined;
  /** Any token of the vocabulary. */
  token: number;
  /** Bytes of the graph. */
  size: number;
  /** The files of the graph, again: large ones are not kept in memory for a reload that may never come. */
  files(): Promise<GraphFiles>;
}

export class BaseModel {
  #options: BaseOptions;
  #loaded: LoadedGraph;
  #form: AdapterForm;
  #adapters: ReadonlyMap<string, MappedAdapter>;
  #shelf: AdapterShelf;
  #model: Model;
  #released = false;
  #checks: readonly SelfCheck[] = [];

  private constructor(options: BaseOptions, loaded: LoadedGraph, form: AdapterForm, adapters: ReadonlyMap<string, MappedAdapter>) {
    this.#options = options;
    this.#loaded = loaded;
    this.#form = form;
    this.#adapters = adapters;
    this.#shelf = new AdapterShelf(options.runtime, loaded.modules, adapters, loaded);
    this.#model = this.#modelOf(loaded);
  }

  /** @throws EngineError `bad-model` when the graph cannot be used */
  static async load(options: BaseOptions, adapters: ReadonlyMap<string, MappedAdapter>): Promise<BaseModel> {
    const form = adapters.size ? adapterForm(options.runtime, adapters, options.size) : 'plain';
    return new BaseModel(options, await BaseModel.#open(options, form, adapters), form, adapters);
  }

  static #open = async (
    { runtime, widths, files }: BaseOptions,
    form: AdapterForm,
    adapters: ReadonlyMap<string, MappedAdapter>,
  ): Promise<LoadedGraph> => loadGraph(runtime, await files(), { ...formOptions(form, adapters), widths });

  get model(): Model {
    return this.#model;
  }
  get loaded(): LoadedGraph {
    return this.#loaded;
  }
  /** What was found when the graph last got other inputs; empty as long as it has those it was loaded with. */
  get checks(): readonly SelfCheck[] {
    return this.#checks;
  }
  get form(): AdapterForm {
    return this.#form;
  }

  /**
   * From now on exactly these adapters can be spoken with. No batch may be under way.
   * @throws SelfCheckFailed when the graph computes wrongly with adapter inputs; then everything is as it was
   */
  async fit(adapters: ReadonlyMap<string, MappedAdapter>, signal: AbortSignal): Promise<void> {
    const { runtime, size } = this.#options;
    // A graph that has adapter inputs keeps them: the next society will want them again.
    const wanted = adapters.size ? adapterForm(runtime, adapters, size) : this.#form;
    if (wanted !== this.#form || this.#loaded.baked) return this.#reload(wanted, adapters, signal);
    // The new pool first: when there is no room for it, the old one is still there.
    const shelf = new AdapterShelf(runtime, this.#loaded.modules, adapters, this.#loaded);
    this.#shelf.dispose();
    this.#shelf = shelf;
    this.#adapters = adapters;
  }

  async #reload(form: AdapterForm, adapters: ReadonlyMap<string, MappedAdapter>, signal: AbortSignal): Promise<void> {
    const small = this.#options.size <= SMALL_GRAPH;
    const before = this.#form;
    // The base must be what it was, with other inputs: held against what the session said that has spoken so far.
    const plain = await speakPlain(this.#model);
    // Two copies of a large model may not fit at once, and the heap of wasm never shrinks again.
    await this.#release();
    let next: LoadedGraph | undefined;
    let shelf: AdapterShelf | undefined;
    try {
      next = await BaseModel.#open(this.#options, form, adapters);
      signal.throwIfAborted();
      shelf = new AdapterShelf(this.#options.runtime, next.modules, adapters, next);
      const checks = [await this.#compare(next, shelf, plain), ...(small ? [] : await this.#tryOne(next))];
      if (checks.some(c => !c.passed)) throw new SelfCheckFailed(checks);
      this.#checks = checks;
      this.#shelf.dispose();
      this.#shelf = shelf;
    } catch (error) {
      shelf?.dispose();
      await next?.session.release();
      this.#loaded = await BaseModel.#open(this.#options, before, this.#adapters);
      this.#released = false;
      this.#model = this.#modelOf(this.#loaded);
      throw error;
    }
    this.#form = form;
    this.#adapters = adapters;
    this.#loaded = next;
    this.#released = false;
    this.#model = this.#modelOf(next);
    await warmUp(this.#model, this.#options.token);
  }

  #compare(next: LoadedGraph, shelf: AdapterShelf, plain: Float32Array[][]): Promise<SelfCheck> {
    const { runtime, dtype } = this.#options;
    return checkZero(
      modelOn(runtime, next, rows => shelf.inputs(rows)),
      plain,
      boundsOf(dtype),
    );
  }

  /** A large graph is not loaded twice when it is opened: what an adapter does to it shows here for the first time. */
  async #tryOne(next: LoadedGraph): Promise<SelfCheck[]> {
    const { runtime, dtype } = this.#options;
    const shelf = new AdapterShelf(runtime, next.modules, new Map([[PROBE, randomAdapter(next.modules)]]), next);
    try {
      return await checkRows(
        modelOn(runtime, next, rows => shelf.inputs(rows)),
        PROBE,
        boundsOf(dtype),
      );
    } finally {
      shelf.dispose();
    }
  }

  #modelOf = (loaded: LoadedGraph): Model => modelOn(this.#options.runtime, loaded, rows => this.#shelf.inputs(rows));

  /** More than once does no harm. */
  async dispose(): Promise<void> {
    if (this.#released) return;
    this.#shelf.dispose();
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#released = true;
    await this.#loaded.session.release();
  }
}
