// Finds the projections of a transformer graph by structure, whoever exported it, and says why the others cannot take an adapter.
import { GraphIndex, graphOf, int64Values, intAttribute, intsAttribute, isOp } from './graph-index';
import { DataType, type ModelProto, type NodeProto } from './proto';
import { pathOfNode, stemOfNode, stemOfWeight } from './stem';

/** Columns of a fused projection that belong to one module of the checkpoint. */
export interface Slice {
  /** Last part of the module path: `q_proj`, `gate_proj`, … */
  name: string;
  start: number;
  end: number;
}

/** A linear layer y = x·W, W [K, N], that an adapter can be added to. */
export interface Projection {
  /** Module path as in the checkpoint, e.g. `model.layers.0.self_attn.q_proj`. */
  name: string;
  K: number;
  N: number;
  /** Element type of x and y: `DataType.float` or `DataType.float16`. */
  dataType: number;
  kind: 'float' | 'nbits' | 'int8';
  /** The float tensor that enters; for int8 the one before its quantisation. */
  x: string;
  /** The float tensor that leaves, before any bias that follows as a node of its own. */
  y: string;
  /** For `qkv_proj` and `gate_up_proj`. */
  slices?: Slice[];
}

export interface Refusal {
  /** Module path where it could be read, else the node's name in its style. */
  name: string;
  op: string;
  reason: string;
}

export interface Resolution {
  projections: Projection[];
  refusals: Refusal[];
}

/** Widths of a fused `qkv_proj` for graphs that do not show them. */
export interface AttentionWidths {
  q: number;
  kv: number;
}

type Found = Pick<Projection, 'K' | 'N' | 'dataType' | 'kind' | 'x' | 'y'> & { weight: string };

/** Follows a weight back to its initializer. @returns its name, the dims MatMul sees, and the element type that arrives there */
function storedWeight(index: GraphIndex, tensor: string): { name: string; dims: number[]; dataType: number } | undefined {
  let swapped = false;
  let dataType: number | undefined;
  // A few steps lie between a weight and its product; a damaged file may have a circle.
  for (let at = tensor, steps = 0; steps < 8; steps++) {
    const stored = index.initializers.get(at);
    if (stored) {
      const dims = stored.dims.map(Number);
      return { name: at, dims: swapped ? dims.reverse() : dims, dataType: dataType ?? stored.dataType ?? 0 };
    }
    const node = index.producers.get(at);
    if (!node) return undefined;
    if (isOp(node, 'Transpose')) {
      const perm = intsAttribute(node, 'perm') ?? [1, 0];
      if (`${perm}` !== '1,0') return undefined;
      swapped = !swapped;
    } else if (isOp(node, 'Cast')) dataType ??= intAttribute(node, 'to');
    else if (isOp(node, 'DequantizeLinear') || isOp(node, 'DequantizeLinear', 'com.microsoft'))
      dataType ??= index.initializers.get(node.input[1] ?? '')?.dataType;
    else if (!isOp(node, 'Identity')) return undefined;
    at = node.input[0] ?? '';
  }
  return undefined;
}

function onlyReader(index: GraphIndex, tensor: string | undefined, op: string): NodeProto | undefined {
  const readers = index.readers.get(tensor ?? '') ?? [];
  return readers.length === 1 && isOp(readers[0]!, op) ? readers[0] : undefined;
}

/** x → DynamicQuantizeLinear → MatMulInteger → Cast → Mul(x scale · w scale) → y, as dynamic int8 quantisation writes it. */
function int8Chain(index: GraphIndex, node: NodeProto): Found | string {
  const weight = index.initializers.get(node.input[1] ?? '');
  if (weight?.dims.length !== 2) return 'the int8 weight is not a stored matrix';
  const quantise = index.producers.get(node.input[0] ?? '');
  if (!quantise || !isOp(quantise, 'DynamicQuantizeLinear')) return 'the int8 activations do not come from DynamicQuantizeLinear';
  const cast = onlyReader(index, node.output[0], 'Cast');
  const scaled = onlyReader(index, cast?.output[0], 'Mul');
  if (!cast || !scaled) return 'the int32 product is not followed by Cast and Mul';
  const scale = index.producers.get(scaled.input.find(i => i !== cast.output[0]) ?? '');
  if (!scale || !isOp(scale, 'Mul') || !scale.input.includes(quantise.output[1] ?? ''))
    return 'the scale of the int32 product is not x scale · w scale';
  const [K, N] = weight.dims.map(Number) as [number, number];
  const dataType = intAttribute(cast, 'to') ?? DataType.float;
  return { K, N, dataType, kind: 'int8', x: quantise.input[0] ?? '', y: scaled.output[0] ?? '', weight: weight.name ?? '' };
}

/** Operations that keep weights inside, where no adapter can be put between. */
const fused = [
  ...['Attention', 'QAttention', 'DecoderMaskedSelfAttention', 'MoE', 'QMoE', 'FusedMatMul', 'MatMulIntegerToFloat'],
  ...['DynamicQuantizeMatMul', 'MatMulNBitsMlp', 'MatMulNBitsQkv'],
];

/** What the node is: a projection, a reason why it cannot be one, or undefined when it is no weight product at all. */
function examine(index: GraphIndex, node: NodeProto): Found | string | undefined {
  const x = node.input[0] ?? '';
  const y = node.output[0] ?? '';
  if (isOp(node, 'MatMul')) {
    const weight = storedWeight(index, node.input[1] ?? '');
    if (!weight) return undefined;
    if (weight.dims.length !== 2) return 'its weight is not a matrix';
    const [K, N] = weight.dims as [number, number];
    return { K, N, dataType: weight.dataType, kind: 'float', x, y, weight: weight.name };
  }
  if (isOp(node, 'MatMulNBits', 'com.microsoft')) {
    const [K, N] = [intAttribute(node, 'K'), intAttribute(node, 'N')];
    const scales = index.initializers.get(node.input[2] ?? '');
    if (!K || !N || !scales) return 'its sizes or scales are missing';
    return { K, N, dataType: scales.dataType ?? 0, kind: 'nbits', x, y, weight: node.input[1] ?? '' };
  }
  if (isOp(node, 'MatMulInteger')) return int8Chain(index, node);
  if (isOp(node, 'Gemm'))
    return index.initializers.has(node.input[1] ?? '') ? 'Gemm takes flattened rows, which cannot carry an adapter each' : undefined;
  if (fused.includes(node.opType ?? '') && node.input.slice(1).some(i => index.initializers.has(i)))
    return `${node.opType} holds its weights inside one fused operation`;
  return undefined;
}

/** q, k and v columns of a fused projection: from the Split or the attention node that reads it. */
function qkvSlices(index: GraphIndex, { y, N }: Found, given: AttentionWidths | undefined): Slice[] | undefined {
  const tile = (q: number, k: number, v: number): Slice[] | undefined =>
    q + k + v === N && [q, k, v].every(w => Number.isInteger(w) && w > 0)
      ? [
          { name: 'q_proj', start: 0, end: q },
          { name: 'k_proj', start: q, end: q + k },
          { name: 'v_proj', start: q + k, end: N },
        ]
      : undefined;
  const seen = [y];
  for (let i = 0; i < seen.length && i < 8; i++)
    for (const node of index.readers.get(seen[i]!) ?? []) {
      if (['Add', 'Cast', 'Identity'].some(op => isOp(node, op))) seen.push(node.output[0] ?? '');
      else if (isOp(node, 'Split')) {
        const stored = index.initializers.get(node.input[1] ?? '');
        const sizes = stored ? int64Values(stored) : intsAttribute(node, 'split');
        if (sizes?.length === 3) return tile(sizes[0]!, sizes[1]!, sizes[2]!);
      } else if (isOp(node, 'GroupQueryAttention', 'com.microsoft') && !node.input[1] && !node.input[2]) {
        const heads = intAttribute(node, 'num_heads') ?? 0;
        const kvHeads = intAttribute(node, 'kv_num_heads') ?? 0;
        const head = N / (heads + 2 * kvHeads);
        return Number.isInteger(head) ? tile(heads * head, kvHeads * head, kvHeads * head) : undefined;
      }
    }
  return given && tile(given.q, given.kv, given.kv);
}

function slicesOf(index: GraphIndex, name: string, found: Found, widths: AttentionWidths | undefined): Slice[] | undefined {
  if (name.endsWith('.qkv_proj')) return qkvSlices(index, found, widths);
  if (name.endsWith('.gate_up_proj') && found.N % 2 === 0)
    return [
      { name: 'gate_proj', start: 0, end: found.N / 2 },
      { name: 'up_proj', start: found.N / 2, end: found.N },
    ];
  return undefined;
}

/**
 * Lists the projections of a decoder graph in graph order, each under the path its module has in the checkpoint.
 * The language-model head, tied or not, is refused: adapters for it change what `logits` means for every agent.
 * @param widths used only for a fused `qkv_proj` whose readers do not show its parts
 */
export function resolveProjections(model: ModelProto, widths?: AttentionWidths): Resolution {
  const index = new GraphIndex(graphOf(model));
  const refusals: Refusal[] = [];
  const byName = new Map<string, Projection[]>();
  for (const node of index.graph.node) {
    const found = examine(index, node);
    if (found === undefined) continue;
    const op = node.opType ?? '';
    const stem = stemOfNode(node.name ?? '') ?? (typeof found === 'string' ? undefined : stemOfWeight(found.weight));
    const name = stem ?? pathOfNode(node.name ?? '');
    const refuse = (reason: string) => refusals.push({ name, op, reason });
    if (typeof found === 'string') refuse(found);
    else if (stem === undefined) refuse('neither its node nor its weight is named after a module');
    else if (/(^|\.)(lm_head|embed_tokens)$/.test(stem)) refuse('the head and the embedding take no adapter');
    else if (found.dataType !== DataType.float && found.dataType !== DataType.float16)
      refuse(`activations of element type ${found.dataType}`);
    else if ((index.rank(found.x) ?? 3) !== 3) refuse('its input is not [batch, sequence, features]');
    else {
      const { weight: _, ...rest } = found;
      const projection = { name: stem, ...rest, slices: slicesOf(index, stem, found, widths) };
      byName.set(stem, [...(byName.get(stem) ?? []), projection]);
    }
  }
  const projections: Projection[] = [];
  for (const [name, list] of byName)
    if (list.length === 1) projections.push(list[0]!);
    else refusals.push({ name, op: 'MatMul', reason: `${list.length} products bear this name` });
  return { projections, refusals };
}
