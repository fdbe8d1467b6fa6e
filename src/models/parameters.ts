// How many weights a graph holds, whatever they are packed in.
import type { ModelProto } from '../onnx/proto';

const size = (dims: readonly bigint[]): number => dims.reduce((product, d) => product * Number(d), 1);

/** Elements of all weight tensors; packed integers count as the matrix they stand for. Rotary tables and constants do not count. */
export function countParameters(model: ModelProto): number {
  const graph = model.graph;
  if (!graph) return 0;
  const dims = new Map(graph.initializer.map(t => [t.name ?? '', t.dims]));
  const counted = new Set<string>();
  let total = 0;
  for (const node of graph.node) {
    if (node.opType === 'MatMulNBits') {
      const attribute = (name: string): number => Number(node.attribute.find(a => a.name === name)?.i ?? 0n);
      total += attribute('K') * attribute('N');
      node.input.slice(1).forEach(name => counted.add(name));
    }
    const rotary =
      node.opType === 'GroupQueryAttention' ? node.input.slice(7, 9) : node.opType === 'RotaryEmbedding' ? node.input.slice(2, 4) : [];
    rotary.forEach(name => counted.add(name));
  }
  for (const [name, shape] of dims) if (!counted.has(name) && shape.length > 0 && size(shape) > 16) total += size(shape);
  return total;
}
