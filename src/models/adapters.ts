// The adapters a society may speak with, and their stacked inputs for the rows of a batch.
import { stackAdapters, type Feed, type MappedAdapter } from '../onnx/feeds';
import { AdapterMismatch, mapAdapter } from '../onnx/mapping';
import { AdapterError, readAdapter, type AdapterFiles } from '../onnx/peft';
import type { Projection, Refusal } from '../onnx/resolve';
import { EngineError } from './fault';
import type { Feeds, Runtime } from './runtime';

/**
 * An adapter in PEFT's files, laid onto the projections of a graph.
 * @throws EngineError `bad-model` when it was trained for another model, or is not what it says
 */
export function placeAdapter(id: string, files: AdapterFiles, modules: readonly Projection[], refusals: readonly Refusal[]): MappedAdapter {
  try {
    return mapAdapter(readAdapter(files['adapter_config.json'], files['adapter_model.safetensors']).modules, modules, refusals);
  } catch (error) {
    if (!(error instanceof AdapterMismatch) && !(error instanceof AdapterError)) throw error;
    throw new EngineError(
      'bad-model',
      `The adapter ${id} does not fit this model: ${error.message}.`,
      'Load the base it was trained on.',
      error,
    );
  }
}

export class AdapterShelf {
  readonly #runtime: Runtime;
  readonly #modules: readonly Projection[];
  readonly #adapters: ReadonlyMap<string, MappedAdapter>;
  /** Stacks are large and the same batch asks for its own at each compaction only, so the last one is enough. */
  #last: { key: string; feeds: Feeds } | null = null;

  constructor(runtime: Runtime, modules: readonly Projection[], adapters: ReadonlyMap<string, MappedAdapter>) {
    this.#runtime = runtime;
    this.#modules = modules;
    this.#adapters = adapters;
  }

  has(id: string): boolean {
    return this.#adapters.has(id);
  }

  /** A base row gets zeros. @throws EngineError `bad-model` for an adapter that is not loaded */
  feeds(rows: readonly (string | null)[]): Feeds {
    const key = JSON.stringify(rows);
    if (this.#last?.key === key) return this.#last.feeds;
    const own = rows.map(id => {
      if (id === null) return null;
      const adapter = this.#adapters.get(id);
      if (!adapter) throw new EngineError('bad-model', `The adapter ${id} is not loaded.`);
      return adapter;
    });
    const feeds = Object.fromEntries(Object.entries(stackAdapters(this.#modules, own)).map(([name, feed]) => [name, this.#tensor(feed)]));
    this.#last = { key, feeds };
    return feeds;
  }

  #tensor({ type, dims, data }: Feed) {
    return type === 'float16'
      ? this.#runtime.tensor('float16', data as Uint16Array, dims)
      : this.#runtime.tensor('float32', data as Float32Array, dims);
  }
}
