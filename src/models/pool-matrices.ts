// Adapters side by side as two matrices: whose columns are where, and what they hold.
import type { MappedAdapter } from '../onnx/feeds';
import type { Projection } from '../onnx/resolve';
import { loraA, loraB } from '../onnx/surgery';

export const rankOf = (adapter: MappedAdapter): number => Math.max(0, ...[...adapter.values()].map(m => m.rank));

export interface Matrix {
  dims: readonly [number, number];
  data: Float32Array;
}

/**
 * A [K, rank] and B [rank, N] of all adapters side by side, by the name of the graph's input; ranks are added up, at least to 1.
 * @param group each adapter begins at a multiple of it
 */
export function poolMatrices(modules: readonly Projection[], adapters: ReadonlyMap<string, MappedAdapter>, group = 1): Map<string, Matrix> {
  const { rank, columns } = columnsOf(adapters, group);
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

export type Columns = ReadonlyMap<string, { from: number; to: number }>;

export function columnsOf(adapters: ReadonlyMap<string, MappedAdapter>, group: number): { rank: number; columns: Columns } {
  const columns = new Map<string, { from: number; to: number }>();
  let rank = 0;
  for (const [id, adapter] of adapters) {
    const to = rank + rankOf(adapter);
    columns.set(id, { from: rank, to });
    rank = Math.ceil(to / group) * group;
  }
  return { rank: Math.max(1, rank), columns };
}
