// Edits at the end of the graph: logits only where they are wanted, likelihoods and best tokens computed where the logits are.
import { valueInfo, type Dim } from './graph';
import { GraphError, GraphIndex, int64Tensor, isOp, nodeProto, opsetOf } from './graph-index';
import { behindLastAttention } from './last-positions';
import { DataType, type GraphProto, type ModelProto, type NodeProto } from './proto';

const products = ['MatMul', 'Gemm', 'MatMulInteger', 'MatMulNBits', 'FusedMatMul', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul'];
/** What exporters put between the head's product and `logits`: casts, scaling, soft capping, the scales of int8. */
const elementwise = ['Cast', 'Mul', 'Div', 'Add', 'Tanh', 'Identity'];

function headProduct(index: GraphIndex, tensor: string, passed: Set<string>): NodeProto | undefined {
  const node = index.producers.get(tensor);
  if (!node || passed.has(tensor)) return undefined;
  passed.add(tensor);
  if (products.includes(node.opType ?? '')) return node;
  if (!elementwise.includes(node.opType ?? '')) return undefined;
  for (const input of node.input) {
    const found = headProduct(index, input, passed);
    if (found) return found;
  }
  return undefined;
}

function replaceInput(node: NodeProto, from: string, to: string): NodeProto {
  return { ...node, input: node.input.map(i => (i === from ? to : i)) };
}

function logitsOutput(graph: GraphProto): { dims: Dim[]; elemType: number } {
  const type = graph.output.find(o => o.name === 'logits')?.type?.tensorType;
  const dims = type?.shape?.dim;
  if (!type || dims?.length !== 3) throw new GraphError('the graph has no output logits [batch, sequence, vocabulary]');
  const dim = (i: number, otherwise: string): Dim =>
    dims[i]!.dimValue === undefined ? dims[i]!.dimParam || otherwise : Number(dims[i]!.dimValue);
  return { dims: [dim(0, 'batch_size'), 'num_logits', dim(2, 'vocabulary')], elemType: type.elemType ?? DataType.float };
}

/**
 * New required input `logits_index` [batch, k, 1] (int64 positions in the fed sequence); `logits` becomes [batch, k, vocabulary].
 * Without it a prefill of 12 rows × 500 tokens over 152 k words would make 3.6 GB of logits to read 12 rows of them. Positions are picked as
 * early as nothing else reads the others: behind the last layer's attention.
 */
export function gatherLogits(graph: GraphProto): GraphProto {
  const index = new GraphIndex(graph);
  const { dims, elemType } = logitsOutput(graph);
  const passed = new Set<string>();
  const product = headProduct(index, 'logits', passed);
  if (!product) throw new GraphError('no weight product leads to logits');
  const quantise = index.producers.get(product.input[0] ?? '');
  // The head of an int8 graph reads quantised activations: pick rows before the quantisation, in float.
  const target = quantise && isOp(quantise, 'DynamicQuantizeLinear') ? quantise : product;
  if (target === quantise && index.readers.get(quantise.output[0] ?? '')?.length !== 1)
    throw new GraphError('the quantised input of the head has other readers');
  const { nodes, from } = behindLastAttention(index, target);
  const pickers = [...nodes, target];
  const first = graph.node.find(n => pickers.includes(n));
  const picked = (tensor: string): string => `${tensor}/picked`;
  const node = graph.node.flatMap(n => {
    const edited = pickers.includes(n) ? from.reduce((node, tensor) => replaceInput(node, tensor, picked(tensor)), n) : n;
    if (n !== first) return [edited];
    return [...from.map(tensor => nodeProto('GatherND', [tensor, 'logits_index'], [picked(tensor)], { batch_dims: 1 })), edited];
  });
  const picks = new Set([...nodes, ...(target === quantise ? [quantise] : [])].flatMap(n => n.output));
  return {
    ...graph,
    node,
    input: [...graph.input, valueInfo('logits_index', DataType.int64, [dims[0]!, 'num_logits', 1])],
    output: graph.output.map(o => (o.name === 'logits' ? valueInfo('logits', elemType, dims) : o)),
    // Declared shapes downstream still say `sequence`; the runtime would plan its buffers by them.
    valueInfo: graph.valueInfo.filter(v => !passed.has(v.name ?? '') && !picks.has(v.name ?? '')),
  };
}

export interface Heads {
  /** Adds input `targets` [batch, k, 1] (int64 token ids) and output `nll` [batch, k, 1] = logsumexp(logits) − logits[target]. */
  nll?: boolean;
  /** Adds outputs `top_values`, `top_ids` [batch, k, n], best first, and `logsumexp` [batch, k, 1]. */
  top?: number;
  /** Drops the output `logits` itself. */
  dropLogits?: boolean;
}

/** Further outputs next to `logits` [batch, k, vocabulary], in float32. */
export function addHeads(model: ModelProto, graph: GraphProto, { nll = false, top = 0, dropLogits = false }: Heads): GraphProto {
  const { dims, elemType } = logitsOutput(graph);
  const [batch, k] = [dims[0]!, graph.output.find(o => o.name === 'logits')!.type!.tensorType!.shape!.dim[1]!.dimParam ?? 'num_logits'];
  const node = [...graph.node];
  const input = [...graph.input];
  const initializer = [...graph.initializer];
  const output = graph.output.filter(o => !dropLogits || o.name !== 'logits');
  let logits = 'logits';
  if ((nll || top) && elemType !== DataType.float)
    node.push(nodeProto('Cast', [logits], [(logits = 'logits/float')], { to: DataType.float }));
  if (nll || top) {
    const opset = opsetOf(model);
    if (opset >= 18) initializer.push(int64Tensor('logits/axis', [-1]));
    node.push(
      opset >= 18
        ? nodeProto('ReduceLogSumExp', [logits, 'logits/axis'], ['logsumexp'], { keepdims: 1 })
        : nodeProto('ReduceLogSumExp', [logits], ['logsumexp'], { axes: [-1], keepdims: 1 }),
    );
    output.push(valueInfo('logsumexp', DataType.float, [batch, k, 1]));
  }
  if (nll) {
    input.push(valueInfo('targets', DataType.int64, [batch, k, 1]));
    node.push(
      nodeProto('GatherElements', [logits, 'targets'], ['logits/of_target'], { axis: -1 }),
      nodeProto('Sub', ['logsumexp', 'logits/of_target'], ['nll']),
    );
    output.push(valueInfo('nll', DataType.float, [batch, k, 1]));
  }
  if (top) {
    initializer.push(int64Tensor('logits/top', [top]));
    node.push(nodeProto('TopK', [logits, 'logits/top'], ['top_values', 'top_ids'], { axis: -1 }));
    output.push(valueInfo('top_values', DataType.float, [batch, k, top]), valueInfo('top_ids', DataType.int64, [batch, k, top]));
  }
  return { ...graph, node, input, initializer, output };
}
