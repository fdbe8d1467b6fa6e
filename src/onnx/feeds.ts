// Adapters of the rows of a batch, stacked into the inputs the edited graph asks for.
import { toHalves } from './half';
import { loraA, loraB } from './lora-surgery';
import { DataType } from './proto';
import type { Projection } from './resolve';

/** y += (x·A)·B with A [K, rank] and B [rank, N], row-major; B carries the scale. */
export interface ModuleAdapter {
  rank: number;
  A: Float32Array;
  B: Float32Array;
}
/** By module path; a module that is not named is left as the base has it. */
export type MappedAdapter = ReadonlyMap<string, ModuleAdapter>;

export interface Feed {
  type: 'float32' | 'float16';
  dims: [number, number, number];
  /** Float16 as bit patterns. */
  data: Float32Array | Uint16Array;
}

type Sized = Pick<Projection, 'name' | 'K' | 'N' | 'dataType'>;

/**
 * Feeds for a batch whose row i belongs to `rows[i]`; null is the base. Smaller ranks are padded with zeros, which adds exactly nothing.
 * @param minRank 0 gives empty tensors where no row adapts a module: exact, but not proven on every WebGPU driver
 * @throws RangeError when an adapter names a module that is not in `modules`, or has another size
 */
export function stackAdapters(modules: readonly Sized[], rows: readonly (MappedAdapter | null)[], minRank = 1): Record<string, Feed> {
  const known = new Set(modules.map(m => m.name));
  for (const row of new Set(rows))
    for (const name of row?.keys() ?? []) if (!known.has(name)) throw new RangeError(`the graph has no adapter input for ${name}`);
  const feeds: Record<string, Feed> = {};
  for (const { name, K, N, dataType } of modules) {
    const rank = Math.max(minRank, ...rows.map(row => row?.get(name)?.rank ?? 0));
    const A = new Float32Array(rows.length * K * rank);
    const B = new Float32Array(rows.length * rank * N);
    rows.forEach((row, i) => {
      const own = row?.get(name);
      if (!own) return;
      if (own.A.length !== K * own.rank || own.B.length !== own.rank * N) throw new RangeError(`${name} is ${K}×${N}, its adapter is not`);
      for (let k = 0; k < K; k++) A.set(own.A.subarray(k * own.rank, (k + 1) * own.rank), (i * K + k) * rank);
      B.set(own.B, i * rank * N);
    });
    const feed = (dims: Feed['dims'], data: Float32Array): Feed =>
      dataType === DataType.float16 ? { type: 'float16', dims, data: toHalves(data) } : { type: 'float32', dims, data };
    feeds[loraA(name)] = feed([rows.length, K, rank], A);
    feeds[loraB(name)] = feed([rows.length, rank, N], B);
  }
  return feeds;
}
