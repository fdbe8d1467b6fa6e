// The adapters of a society side by side, for graphs with pooled adapter inputs. Made once; a batch only says which columns are whose.
import type { MappedAdapter } from '../onnx/feeds';
import type { Projection } from '../onnx/resolve';
import { loraA, loraB } from '../onnx/surgery';
import type { AdapterInputs } from './adapters';
import { LORA_ROWS } from './pool-surgery';
import type { Feeds, Runtime, Tensor } from './runtime';

export const rankOf = (adapter: MappedAdapter): number => Math.max(0, ...[...adapter.values()].map(m => m.rank));

export class AdapterPool {
  readonly #runtime: Runtime;
  readonly #columns = new Map<string, { from: number; to: number }>();
  readonly #rank: number;
  readonly #pool: Feeds;

  constructor(runtime: Runtime, modules: readonly Projection[], adapters: ReadonlyMap<string, MappedAdapter>) {
    this.#runtime = runtime;
    let rank = 0;
    for (const [id, adapter] of adapters) this.#columns.set(id, { from: rank, to: (rank += rankOf(adapter)) });
    this.#rank = Math.max(1, rank);
    this.#pool = Object.fromEntries(
      modules.flatMap(({ name, K, N }): [string, Tensor][] => {
        const A = new Float32Array(K * this.#rank);
        const B = new Float32Array(this.#rank * N);
        for (const [id, adapter] of adapters) {
          const own = adapter.get(name);
          if (!own) continue;
          const { from } = this.#columns.get(id)!;
          for (let k = 0; k < K; k++) A.set(own.A.subarray(k * own.rank, (k + 1) * own.rank), k * this.#rank + from);
          B.set(own.B, from * N);
        }
        return [
          [loraA(name), this.#tensor(A, [K, this.#rank])],
          [loraB(name), this.#tensor(B, [this.#rank, N])],
        ];
      }),
    );
  }

  inputs(rows: readonly (string | null)[]): AdapterInputs {
    let ids = [...rows];
    let own = this.#rows(ids);
    return {
      feeds: () => ({ ...this.#pool, [LORA_ROWS]: own }),
      keep: kept => {
        ids = kept.map(row => ids[row]!);
        own = this.#rows(ids);
      },
      dispose: () => undefined,
    };
  }

  dispose(): void {
    if (this.#runtime.memory) Object.values(this.#pool).forEach(tensor => tensor.dispose());
  }

  #rows(ids: readonly (string | null)[]): Tensor {
    const data = new Float32Array(ids.length * this.#rank);
    ids.forEach((id, row) => {
      const columns = id === null ? undefined : this.#columns.get(id);
      if (columns) data.fill(1, row * this.#rank + columns.from, row * this.#rank + columns.to);
    });
    return this.#runtime.tensor('float32', data, [ids.length, 1, this.#rank]);
  }

  #tensor(data: Float32Array, dims: readonly number[]): Tensor {
    return this.#runtime.memory?.allocate('float32', dims, data) ?? this.#runtime.tensor('float32', data, dims);
  }
}
