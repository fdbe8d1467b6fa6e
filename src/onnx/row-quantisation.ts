// Dynamic int8 graphs round activations by the largest of the whole batch, so a row's text would depend on its neighbours and padding.
import { bytesOf, tensorProto } from './graph';
import { GraphIndex, int64Tensor, isOp, nodeProto, opsetOf } from './graph-index';
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from './proto';

/** The readers of a quantisation, when they are nothing but products x̂·W and factors x scale · w scale, each of which scales one product. */
function scaledProducts(index: GraphIndex, node: NodeProto): { factor: NodeProto; product: NodeProto }[] | undefined {
  const reads = (output: string | undefined): readonly NodeProto[] => index.readers.get(output ?? '') ?? [];
  const [codes, scale, zeroPoint] = node.output;
  const isProduct = (n: NodeProto): boolean => isOp(n, 'MatMulInteger') && n.input[0] === codes && (n.input[2] ?? '') === zeroPoint;
  if (![...reads(codes), ...reads(zeroPoint)].every(isProduct)) return undefined;
  const found = reads(scale).map(factor => ({ factor, product: reads(factor.output[0]) }));
  return found.every(({ factor, product }) => isOp(factor, 'Mul') && product.length === 1 && isOp(product[0]!, 'Mul'))
    ? found.map(({ factor, product }) => ({ factor, product: product[0]! }))
    : undefined;
}

/**
 * Quantises the activations of each token by their own largest value, symmetrically: x̂ = round(x / scale) + 128, scale = max|x| / 127. Finer
 * than one scale for all, and exact integers downstream keep every row independent of the rest of the batch. The product is scaled by the
 * weights first and the activations second: in the usual order onnxruntime 1.30 fuses it with a bias that follows, into an operation that
 * knows one activation scale only, and is silently wrong.
 */
export function quantiseByRow(model: ModelProto, graph: GraphProto): GraphProto {
  const index = new GraphIndex(graph);
  const scalar = (name: string, value: number): TensorProto => tensorProto(name, [], DataType.float, bytesOf(Float32Array.of(value)));
  const shared = (name: string): string => `row_quantisation/${name}`;
  const [axis, most, least, middle, zero] = [shared('axis'), shared('most'), shared('least'), shared('middle'), shared('zero')];
  const replaced = new Map<NodeProto, NodeProto[]>();
  for (const n of graph.node) {
    const products = isOp(n, 'DynamicQuantizeLinear') ? scaledProducts(index, n) : undefined;
    if (!products) continue;
    const [x, codes, scale] = [n.input[0]!, n.output[0]!, n.output[1]!];
    const at = (name: string): string => `${codes}/${name}`;
    const reduce =
      opsetOf(model) >= 18
        ? nodeProto('ReduceMax', [at('size'), axis], [at('largest')], { keepdims: 1 })
        : nodeProto('ReduceMax', [at('size')], [at('largest')], { axes: [-1], keepdims: 1 });
    replaced.set(n, [
      nodeProto('Abs', [x], [at('size')]),
      reduce,
      // A token of zeros must not divide by zero.
      nodeProto('Max', [at('largest'), least], [at('range')]),
      nodeProto('Div', [at('range'), most], [scale]),
      nodeProto('Div', [x, scale], [at('scaled')]),
      nodeProto('Round', [at('scaled')], [at('rounded')]),
      nodeProto('Add', [at('rounded'), middle], [at('shifted')]),
      // Unsigned, because the runtime has fast kernels for unsigned by signed bytes only: 25 times faster than signed by signed.
      nodeProto('Cast', [at('shifted')], [codes], { to: DataType.uint8 }),
    ]);
    for (const { factor, product } of products) {
      const weightScale = factor.input.find(i => i !== scale)!;
      const sum = product.input.find(i => i !== factor.output[0])!;
      const [y, half] = [product.output[0]!, `${product.output[0]}/by_weight_scale`];
      replaced.set(factor, []);
      replaced.set(product, [nodeProto('Mul', [sum, weightScale], [half]), nodeProto('Mul', [half, scale], [y])]);
    }
  }
  if (!replaced.size) return graph;
  const node = graph.node.flatMap(n => replaced.get(n) ?? [n]);
  const zeroPoints = new Set([...replaced.keys()].flatMap(n => n.output[2] ?? []));
  const changed = new Set([...replaced.keys()].flatMap(n => n.output));
  return {
    ...graph,
    node: node.map(n => (n.input.some(i => zeroPoints.has(i)) ? { ...n, input: n.input.map(i => (zeroPoints.has(i) ? zero : i)) } : n)),
    initializer: [
      ...graph.initializer,
      ...(opsetOf(model) >= 18 ? [int64Tensor(axis, [-1])] : []),
      ...[scalar(most, 127), scalar(least, 1e-30), scalar(middle, 128)],
      tensorProto(zero, [], DataType.uint8, Uint8Array.of(128)),
    ],
    // Types and shapes of the scale and the codes are others now.
    valueInfo: graph.valueInfo.filter(v => !changed.has(v.name ?? '')),
  };
}
