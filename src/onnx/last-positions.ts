// Which part of a decoder only ever works for the positions that somebody reads, and where it begins.
import { intAttribute, isOp, type GraphIndex } from './graph-index';
import type { NodeProto } from './proto';

/** Each output at a position comes from the inputs at that position. */
const byPosition = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Sqrt', 'Neg', 'Reciprocal', 'Identity', 'Cast', 'Clip'],
  ...['Sigmoid', 'Tanh', 'Erf', 'Relu', 'Gelu', 'FastGelu', 'QuickGelu', 'BiasGelu'],
  ...['SimplifiedLayerNormalization', 'SkipSimplifiedLayerNormalization', 'LayerNormalization', 'RMSNormalization'],
]);
const products = new Set(['MatMul', 'FusedMatMul', 'MatMulNBits']);

const attentions = new Set(['GroupQueryAttention', 'MultiHeadAttention']);

/** `depend`: what comes from the words fed; `streams`: those of them that are known to be [batch, sequence, width]. */
function followWords(index: GraphIndex): { depend: Set<string>; streams: Set<string> } {
  const depend = new Set(['input_ids', 'inputs_embeds']);
  const streams = new Set(['inputs_embeds']);
  // Nodes stand in the order in which they run.
  for (const node of index.graph.node) {
    if (isOp(node, 'Shape') || !node.input.some(i => depend.has(i))) continue;
    node.output.forEach(o => o && depend.add(o));
    if (isOp(node, 'Gather') && node.input[1] === 'input_ids') streams.add(node.output[0]!);
    else if (attentions.has(node.opType ?? '')) streams.add(node.output[0]!);
    else if (keepsPositions(node, depend) && node.input.every(i => !depend.has(i) || streams.has(i)))
      node.output.forEach(o => o && streams.add(o));
  }
  return { depend, streams };
}

function keepsPositions(node: NodeProto, depend: ReadonlySet<string>): boolean {
  const op = node.opType ?? '';
  if (byPosition.has(op)) return (intAttribute(node, 'axis') ?? -1) === -1;
  // A product of two that come from the words is attention.
  if (products.has(op)) return node.input.filter(i => depend.has(i)).length === 1 && depend.has(node.input[0] ?? '');
  return isOp(node, 'Split') && intAttribute(node, 'axis') === -1;
}

export interface LastPositions {
  nodes: ReadonlySet<NodeProto>;
  /** What those nodes read from the rest: tensors [batch, sequence, width]. */
  from: readonly string[];
}

/**
 * The nodes that work for one reader alone and treat every position by itself: of a decoder's last layer all that comes behind its attention,
 * the larger part of it. They need not run for the positions of a prompt whose logits nobody wants.
 * @param reader of a tensor [batch, sequence, width], its first input: the head
 */
export function behindLastAttention(index: GraphIndex, reader: NodeProto): LastPositions {
  const tensor = reader.input[0] ?? '';
  const { depend, streams } = followWords(index);
  const outputs = new Set(index.graph.output.map(o => o.name));
  const nodes = new Set<NodeProto>();
  const onlyHere = (output: string): boolean =>
    !output || (!outputs.has(output) && (index.readers.get(output) ?? []).every(node => node === reader || nodes.has(node)));
  for (const node of index.graph.node.toReversed())
    if (node !== reader && node.output.some(o => streams.has(o)) && keepsPositions(node, depend) && node.output.every(onlyHere))
      nodes.add(node);
  if (!nodes.has(index.producers.get(tensor)!)) return { nodes: new Set(), from: [tensor] };
  const read = [...nodes].flatMap(n => n.input).filter(i => streams.has(i) && !nodes.has(index.producers.get(i)!));
  return { nodes, from: [...new Set(read)] };
}
