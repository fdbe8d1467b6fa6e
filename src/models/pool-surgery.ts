// Another form of the adapter inputs: all adapters of the society side by side, and for each row which of them are its own.
import { bytesOf, tensorProto, valueInfo } from '../onnx/graph';
import { nodeProto } from '../onnx/graph-index';
import { DataType, type ModelProto } from '../onnx/proto';
import type { Projection } from '../onnx/resolve';
import { loraA, loraB } from '../onnx/surgery';
import type { Matrix } from './pool-matrices';

/** Required input [batch, 1, rank]: 1 where a column of the pool belongs to the row's adapter, 0 elsewhere. */
export const LORA_ROWS = 'lora_rows';

/**
 * Turns the per-row inputs of `prepareGraph` into a pool: A [K, rank], B [rank, N] with the ranks of all adapters added up, and
 * Y = base(X) + ((X·A)∘rows)·B. A foreign adapter contributes products with exactly 0. On a processor two small products for the whole
 * batch are quicker than two for each row, and the adapters are read once instead of once per row.
 */
export function poolAdapters(model: ModelProto, modules: readonly Projection[]): ModelProto {
  const graph = model.graph!;
  const [rank, second] = ['lora_rank', new Set(modules.map(m => loraB(m.name)))];
  const shapes = new Map(
    modules.flatMap(({ name, K, N }): [string, (string | number)[]][] => [
      [loraA(name), [K, rank]],
      [loraB(name), [rank, N]],
    ]),
  );
  const batch = graph.input.find(i => i.name === 'input_ids')?.type?.tensorType?.shape?.dim[0]?.dimParam || 'batch_size';
  return {
    ...model,
    graph: {
      ...graph,
      node: graph.node.flatMap(n => {
        if (!second.has(n.input[1] ?? '')) return [n];
        const own = `${n.input[0]}/own`;
        return [nodeProto('Mul', [n.input[0]!, LORA_ROWS], [own]), { ...n, input: [own, n.input[1]!] }];
      }),
      input: [
        ...graph.input.map(i => {
          const dims = shapes.get(i.name ?? '');
          return dims ? valueInfo(i.name!, DataType.float, dims) : i;
        }),
        valueInfo(LORA_ROWS, DataType.float, [batch, 1, rank]),
      ],
    },
  };
}

/**
 * Puts the pool into the graph as weights. A few dozen inputs less to hand over at every step, and weights are packed once for the product;
 * another society then needs another session, which for a small model takes less than one answer.
 */
export function bakePool(model: ModelProto, matrices: ReadonlyMap<string, Matrix>): ModelProto {
  const graph = model.graph!;
  return {
    ...model,
    graph: {
      ...graph,
      input: graph.input.filter(i => !matrices.has(i.name ?? '')),
      initializer: [
        ...graph.initializer,
        ...[...matrices].map(([name, { dims, data }]) => tensorProto(name, dims, DataType.float, bytesOf(data))),
      ],
    },
  };
}
