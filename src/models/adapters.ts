// The adapters a society may speak with, and their stacked inputs for the rows of a batch.
import { stackAdapters, type Feed, type MappedAdapter } from '../onnx/feeds';
import { AdapterMismatch, mapAdapter } from '../onnx/mapping';
import { AdapterError, readAdapter, type AdapterFiles } from '../onnx/peft';
import type { Projection, Refusal } from '../onnx/resolve';
import type { AdapterInputs } from './adapter-inputs';
import { AdapterPool } from './adapter-pool';
import { EngineError } from './fault';
import { keepRowsInPlace } from './host-rows';
import type { DeviceMemory, Feeds, Runtime, Tensor } from './runtime';

export interface PlacedAdapter {
  adapter: MappedAdapter;
  /** What was read otherwise than it was written, in words. */
  warnings: readonly string[];
}

/** A file with one odd name may have hundreds. */
const MOST_TOLD = 3;
function told(id: string, warnings: readonly string[]): string[] {
  const more = warnings.length - MOST_TOLD;
  return [...warnings.slice(0, MOST_TOLD), ...(more > 0 ? [`${more} more remarks like these`] : [])].map(text => `Adapter ${id}: ${text}.`);
}

/**
 * An adapter in PEFT's files, laid onto the projections of a graph.
 * @throws EngineError `bad-model` when it was trained for another model, or is not what it says
 */
export function placeAdapter(id: string, files: AdapterFiles, modules: readonly Projection[], refusals: readonly Refusal[]): PlacedAdapter {
  try {
    const { modules: own, warnings } = readAdapter(files['adapter_config.json'], files['adapter_model.safetensors']);
    return { adapter: mapAdapter(own, modules, refusals), warnings: told(id, warnings) };
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
  readonly #pool: AdapterPool | null;

  /** @param form of the adapter inputs: a pool, which may be part of the graph, or else an adapter for each row */
  constructor(
    runtime: Runtime,
    modules: readonly Projection[],
    adapters: ReadonlyMap<string, MappedAdapter>,
    { pooled, baked }: { pooled: boolean; baked: boolean },
  ) {
    this.#runtime = runtime;
    this.#modules = modules;
    this.#adapters = adapters;
    this.#pool = pooled ? new AdapterPool(runtime, adapters, baked ? null : modules) : null;
  }

  has(id: string): boolean {
    return this.#adapters.has(id);
  }

  /**
   * Stacks the adapters of these rows, once for all steps; a base row gets zeros. On a device they are uploaded once and rows are dropped
   * there.
   * @throws EngineError `bad-model` for an adapter that is not loaded
   */
  inputs(rows: readonly (string | null)[]): AdapterInputs {
    const missing = rows.find(id => id !== null && !this.has(id));
    if (missing) throw new EngineError('bad-model', `The adapter ${missing} is not loaded.`);
    if (this.#pool) return this.#pool.inputs(rows);
    const { memory } = this.#runtime;
    let held = this.#stack(rows, memory);
    return {
      feeds: () => held,
      keep: kept => {
        const keep = (tensor: Tensor): Tensor => (memory ? memory.keepRows(tensor, kept) : this.#keepOnHost(tensor, kept));
        held = Object.fromEntries(Object.entries(held).map(([name, tensor]) => [name, keep(tensor)]));
      },
      dispose: () => {
        if (memory) Object.values(held).forEach(tensor => tensor.dispose());
        held = {};
      },
    };
  }

  dispose(): void {
    this.#pool?.dispose();
  }

  #stack(rows: readonly (string | null)[], memory?: DeviceMemory): Feeds {
    const own = rows.map(id => (id === null ? null : this.#adapters.get(id)!));
    const tensor = ({ type, dims, data }: Feed): Tensor =>
      memory ? memory.allocate(type, dims, data) : this.#hostTensor(type, data, dims);
    return Object.fromEntries(Object.entries(stackAdapters(this.#modules, own)).map(([name, feed]) => [name, tensor(feed)]));
  }

  #keepOnHost({ type, dims, data }: Tensor, rows: readonly number[]): Tensor {
    const inner = dims.slice(1);
    const kept = keepRowsInPlace(
      data as Float32Array,
      inner.reduce((a, b) => a * b, 1),
      rows,
    );
    return this.#hostTensor(type, kept, [rows.length, ...inner]);
  }

  #hostTensor(type: string, data: Float32Array | Uint16Array, dims: readonly number[]): Tensor {
    return type === 'float16'
      ? this.#runtime.tensor(type, data as Uint16Array, dims)
      : this.#runtime.tensor('float32', data as Float32Array, dims);
  }
}
