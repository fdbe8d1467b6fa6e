// Adapters side by side, for graphs with pooled adapter inputs: those of a batch's rows, or all where the graph holds them. A batch says which
// columns are whose.
import type { MappedAdapter } from '../onnx/feeds';
import type { Projection } from '../onnx/resolve';
import type { AdapterInputs } from './adapter-inputs';
import { columnsOf, poolMatrices, type Columns } from './pool-matrices';
import { LORA_ROWS } from './pool-surgery';
import type { Feeds, Runtime } from './runtime';

/** Products are summed in small groups, and a row's own must fall into the same ones in any company. */
const GROUP = 8;

/** Adapters that some batch speaks with, side by side. */
interface Company {
  columns: Columns;
  rank: number;
  feeds: Feeds;
  batches: number;
}

/** So many are kept when no batch speaks with them: generators and critics take turns. */
const KEPT = 2;

export class AdapterPool {
  readonly #runtime: Runtime;
  readonly #adapters: ReadonlyMap<string, MappedAdapter>;
  readonly #modules: readonly Projection[] | null;
  readonly #companies = new Map<string, Company>();

  /** @param modules to feed, for each batch with the adapters of its rows alone; null where the graph holds the matrices of all */
  constructor(runtime: Runtime, adapters: ReadonlyMap<string, MappedAdapter>, modules: readonly Projection[] | null) {
    this.#runtime = runtime;
    this.#adapters = adapters;
    this.#modules = modules;
  }

  inputs(rows: readonly (string | null)[]): AdapterInputs {
    const company = this.#companyOf(rows);
    company.batches++;
    let ids = [...rows];
    let feeds = { ...company.feeds, [LORA_ROWS]: this.#rows(ids, company) };
    return {
      feeds: () => feeds,
      keep: kept => {
        ids = kept.map(row => ids[row]!);
        feeds = { ...company.feeds, [LORA_ROWS]: this.#rows(ids, company) };
      },
      dispose: () => void company.batches--,
    };
  }

  dispose(): void {
    for (const key of this.#companies.keys()) this.#forget(key);
  }

  #companyOf(rows: readonly (string | null)[]): Company {
    const present = [...this.#adapters].filter(([id]) => !this.#modules || rows.includes(id));
    const key = JSON.stringify(present.map(([id]) => id));
    const known = this.#companies.get(key);
    if (known) {
      // The one used last stands last.
      this.#companies.delete(key);
      this.#companies.set(key, known);
      return known;
    }
    for (const [old, { batches }] of this.#companies) if (batches === 0 && this.#companies.size >= KEPT) this.#forget(old);
    const adapters = new Map(present);
    const [group, feeds] = this.#modules ? [GROUP, this.#feeds(this.#modules, adapters)] : [1, {}];
    const made = { ...columnsOf(adapters, group), feeds, batches: 0 };
    this.#companies.set(key, made);
    return made;
  }

  #feeds(modules: readonly Projection[], adapters: ReadonlyMap<string, MappedAdapter>): Feeds {
    const { memory } = this.#runtime;
    return Object.fromEntries(
      [...poolMatrices(modules, adapters, GROUP)].map(([name, { dims, data }]) => [
        name,
        memory?.allocate('float32', dims, data) ?? this.#runtime.tensor('float32', data, dims),
      ]),
    );
  }

  #forget(key: string): void {
    if (this.#runtime.memory) Object.values(this.#companies.get(key)!.feeds).forEach(tensor => tensor.dispose());
    this.#companies.delete(key);
  }

  #rows(ids: readonly (string | null)[], { columns: all, rank }: Company) {
    const data = new Float32Array(ids.length * rank);
    ids.forEach((id, row) => {
      const columns = id === null ? undefined : all.get(id);
      if (columns) data.fill(1, row * rank + columns.from, row * rank + columns.to);
    });
    return this.#runtime.tensor('float32', data, [ids.length, 1, rank]);
  }
}
