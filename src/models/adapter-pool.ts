// The adapters of a society side by side, for graphs with pooled adapter inputs. Made once; a batch only says which columns are whose.
import type { MappedAdapter } from '../onnx/feeds';
import type { Projection } from '../onnx/resolve';
import { loraA, loraB } from '../onnx/surgery';
import type { AdapterInputs } from './adapters';
import { LORA_ROWS } from './pool-surgery';
import type { Feeds, Runtime } from './runtime';

export const rankOf = (adapter: MappedAdapter): number => Math.max(0, ...[...adapter.values()].map(m => m.rank));

export interface Matrix {
  dims: readonly [number, number];
  data: Float32Array;
}

/** A [K, rank] and B [rank, N] of all adapters side by side, by the name of the graph's input; ranks are added up, at least to 1. */
export function poolMatrices(modules: readonly Projection[], adapters: ReadonlyMap<string, MappedAdapter>): Map<string, Matrix> {
  const { rank, columns } = columnsOf(adapters);
  return new Map(
    modules.flatMap(({ name, K, N }): [string, Matrix][] => {
      const A = new Float32Array(K * rank);
      const B = new Float32Array(rank * N);
      for (const [id, adapter] of adapters) {
        const own = adapter.get(name);
        if (!own) continue;
        const { from } = columns.get(id)!;
        for (let k = 0; k < K; k++) A.set(own.A.subarray(k * own.rank, (k + 1) * own.rank), k * rank + from);
        B.set(own.B, from * N);
      }
      return [
        [loraA(name), { dims: [K, rank], data: A }],
        [loraB(name), { dims: [rank, N], data: B }],
      ];
    }),
  );
}

function columnsOf(adapters: ReadonlyMap<string, MappedAdapter>): { rank: number; columns: Map<string, { from: number; to: number }> } {
  const columns = new Map<string, { from: number; to: number }>();
  let rank = 0;
  for (const [id, adapter] of adapters) columns.set(id, { from: rank, to: (rank += rankOf(adapter)) });
  return { rank: Math.max(1, rank), columns };
}

export class AdapterPool {
  readonly #runtime: Runtime;
  readonly #columns: ReadonlyMap<string, { from: number; to: number }>;
  readonly #rank: number;
  readonly #pool: Feeds;

  /** @param matrices to feed; none where the graph holds them */
  constructor(runtime: Runtime, adapters: ReadonlyMap<string, MappedAdapter>, matrices: ReadonlyMap<string, Matrix>) {
    this.#runtime = runtime;
    ({ rank: this.#rank, columns: this.#columns } = columnsOf(adapters));
    this.#pool = Object.fromEntries(
      [...matrices].map(([name, { dims, data }]) => [
        name,
        runtime.memory?.allocate('float32', dims, data) ?? runtime.tensor('float32', data, dims),
      ]),
    );
  }

  inputs(rows: readonly (string | null)[]): AdapterInputs {
    let ids = [...rows];
    let feeds = { ...this.#pool, [LORA_ROWS]: this.#rows(ids) };
    return {
      feeds: () => feeds,
      keep: kept => {
        ids = kept.map(row => ids[row]!);
        feeds = { ...this.#pool, [LORA_ROWS]: this.#rows(ids) };
      },
      dispose: () => undefined,
    };
  }

  dispose(): void {
    if (this.#runtime.memory) Object.values(this.#pool).forEach(tensor => tensor.dispose());
  }

  #rows(ids: readonly (string | null)[]) {
    const data = new Float32Array(ids.length * this.#rank);
    ids.forEach((id, row) => {
      const columns = id === null ? undefined : this.#columns.get(id);
      if (columns) data.fill(1, row * this.#rank + columns.from, row * this.#rank + columns.to);
    });
    return this.#runtime.tensor('float32', data, [ids.length, 1, this.#rank]);
  }
}
