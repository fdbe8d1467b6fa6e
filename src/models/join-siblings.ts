// A graph edit for small models, whose steps take longer to call their operations than to compute them: products that read the same tensor
// become one.
import { valueInfo } from '../onnx/graph';
import { GraphIndex, int64Tensor, isOp, nodeProto, opsetOf } from '../onnx/graph-index';
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../onnx/proto';
import type { Projection } from '../onnx/resolve';
import { loraA, loraB } from '../onnx/surgery';
import { LORA_ROWS, type Matrix } from './pool-matrices';

/** Projections of one tensor: queries, keys and values; gate and up. */
export type Siblings = readonly Projection[];

/** Of a graph with pooled adapter inputs, those that can be joined. */
export function siblingsIn({ graph }: ModelProto, modules: readonly Projection[]): Siblings[] {
  const index = new GraphIndex(graph!);
  const byInput = new Map<string, Projection[]>();
  for (const module of modules) {
    const base = index.producers.get(`${module.y}/without_lora`);
    // Weights that are kept packed are left so.
    if (!base || !isOp(base, 'MatMul') || !isStored(index, base.input[1]!)) continue;
    byInput.set(module.x, [...(byInput.get(module.x) ?? []), module]);
  }
  return [...byInput.values()].filter(({ length }) => length > 1);
}

function isStored(index: GraphIndex, weight: string): boolean {
  if (index.initializers.has(weight)) return true;
  const node = index.producers.get(weight);
  return node !== undefined && ['Cast', 'Transpose'].some(op => isOp(node, op)) && index.initializers.has(node.input[0] ?? '');
}

/** Input [K, count · rank]: the A of each of them side by side. */
export const joinedA = (siblings: Siblings): string => siblings.map(({ name }) => loraA(name)).join('+');

/** The same matrices for a graph in which these are joined. */
export function joinMatrices(matrices: ReadonlyMap<string, Matrix>, groups: readonly Siblings[]): Map<string, Matrix> {
  const joined = new Map(matrices);
  for (const group of groups) {
    const names = group.map(({ name }) => loraA(name));
    joined.set(joinedA(group), beside(names.map(name => matrices.get(name)!)));
    for (const name of names) joined.delete(name);
  }
  return joined;
}

/** [K, r] of each side by side. */
function beside(parts: readonly Matrix[]): Matrix {
  const rows = parts[0]!.dims[0];
  const columns = parts.reduce((sum, { dims }) => sum + dims[1], 0);
  const data = new Float32Array(rows * columns);
  let from = 0;
  for (const { dims, data: own } of parts) {
    for (let row = 0; row < rows; row++) data.set(own.subarray(row * dims[1], (row + 1) * dims[1]), row * columns + from);
    from += dims[1];
  }
  return { dims: [rows, columns], data };
}

/** The attention that reads exactly these as its queries, keys and values, and nothing else does; it takes them side by side as well. */
function attentionOver(index: GraphIndex, group: Siblings): NodeProto | undefined {
  const readers = group.map(({ y }) => index.readers.get(y) ?? []);
  const node = readers[0]?.[0];
  const alone = node && group.length === 3 && readers.every(of => of.length === 1 && of[0] === node);
  const inOrder = alone && group.every(({ y }, i) => node.input[i] === y);
  return inOrder && isOp(node, 'GroupQueryAttention', 'com.microsoft') ? node : undefined;
}

/** The nodes by which `poolAdapters` adds to a projection, by what they make. */
const madeFor = ({ y }: Projection): string[] => [`${y}/without_lora`, `${y}/lora_low`, `${y}/lora_low/own`, `${y}/lora_delta`, y];

/** One product with W, one with A, and a product with B for each: B along a diagonal would multiply as many zeros again, for no gain. */
function joinedNodes(index: GraphIndex, group: Siblings, rows: string, halves: object, sum: string): NodeProto[] {
  const name = (what: string): string => `${group[0]!.y}/joined_${what}`;
  const bases = group.map(({ y }) => index.producers.get(`${y}/without_lora`)!);
  const x = bases[0]!.input[0]!;
  const own = group.map((_, i) => name(`own_${i}`));
  const deltas = group.map((_, i) => name(`delta_${i}`));
  const concat = (parts: string[], whole: string, axis: number): NodeProto => nodeProto('Concat', parts, [whole], { axis });
  return [
    // Constants: put together once, when the session is made.
    concat(
      bases.map(({ input }) => input[1]!),
      name('W'),
      1,
    ),
    nodeProto('MatMul', [x, name('W')], [name('base')]),
    nodeProto('MatMul', [x, joinedA(group)], [name('low')]),
    nodeProto('Mul', [name('low'), rows], [name('own')]),
    nodeProto('Split', [name('own')], own, { axis: -1, ...halves }),
    ...group.map((module, i) => nodeProto('MatMul', [own[i]!, loraB(module.name)], [deltas[i]!])),
    concat(deltas, name('delta'), -1),
    nodeProto('Add', [name('base'), name('delta')], [sum]),
  ];
}

/** Joins them and their adapters. @param model with pooled adapter inputs; the A of a group become one, `joinedA` */
export function joinSiblings(model: ModelProto, groups: readonly Siblings[]): ModelProto {
  const graph = model.graph!;
  const index = new GraphIndex(graph);
  const equally = (count: number): object => (opsetOf(model) >= 18 ? { num_outputs: count } : {});
  const rowsFor = (count: number): string => `${LORA_ROWS}/${count}`;
  const begins = new Map<NodeProto, NodeProto[]>();
  const packed = new Map<NodeProto, string>();
  const sizes: TensorProto[] = [];
  for (const group of groups) {
    const attention = attentionOver(index, group);
    const sum = `${group[0]!.y}/joined_sum`;
    const nodes = joinedNodes(index, group, rowsFor(group.length), equally(group.length), sum);
    if (attention) packed.set(attention, sum);
    else {
      sizes.push(
        int64Tensor(
          `${sum}/sizes`,
          group.map(({ N }) => N),
        ),
      );
      nodes.push(
        nodeProto(
          'Split',
          [sum, `${sum}/sizes`],
          group.map(({ y }) => y),
          { axis: -1 },
        ),
      );
    }
    begins.set(index.producers.get(`${group[0]!.y}/without_lora`)!, nodes);
  }
  const gone = new Set(groups.flat().flatMap(madeFor));
  const ownA = new Set(groups.flat().map(({ name }) => loraA(name)));
  const counts = [...new Set(groups.map(({ length }) => length))];
  return {
    ...model,
    graph: {
      ...graph,
      node: [
        ...counts.map(count => nodeProto('Concat', Array<string>(count).fill(LORA_ROWS), [rowsFor(count)], { axis: 2 })),
        ...graph.node.flatMap(n => {
          const [nodes, sum] = [begins.get(n), packed.get(n)];
          if (nodes) return nodes;
          if (sum !== undefined) return [{ ...n, input: [sum, '', '', ...n.input.slice(3)] }];
          return n.output.some(o => gone.has(o)) ? [] : [n];
        }),
      ],
      input: [
        ...graph.input.filter(i => !ownA.has(i.name ?? '')),
        ...groups.map(group => valueInfo(joinedA(group), DataType.float, [group[0]!.K, `${joinedA(group)}/ranks`])),
      ],
      initializer: [...graph.initializer, ...sizes],
      valueInfo: graph.valueInfo.filter(v => !gone.has(v.name ?? '')),
    },
  };
}
