// Who makes a tensor, who reads it, what is stored under its name: the questions every graph edit asks.
import { bytesOf, attributeProto, tensorProto, type AttributeValue } from './graph';
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from './proto';

/** The graph does not have the form an edit needs. */
export class GraphError extends Error {
  override name = 'GraphError';
}

export function graphOf(model: ModelProto): GraphProto {
  if (!model.graph) throw new GraphError('the model holds no graph');
  return model.graph;
}

export class GraphIndex {
  readonly initializers: ReadonlyMap<string, TensorProto>;
  readonly producers: ReadonlyMap<string, NodeProto>;
  readonly readers: ReadonlyMap<string, readonly NodeProto[]>;

  constructor(readonly graph: GraphProto) {
    this.initializers = new Map(graph.initializer.map(t => [t.name ?? '', t]));
    this.producers = new Map(graph.node.flatMap(n => n.output.filter(Boolean).map(o => [o, n] as const)));
    const readers = new Map<string, NodeProto[]>();
    for (const n of graph.node)
      for (const name of new Set(n.input)) {
        const list = readers.get(name);
        if (list) list.push(n);
        else readers.set(name, [n]);
      }
    this.readers = readers;
  }

  /** Rank of a tensor as the file declares it; undefined when it does not. */
  rank(name: string): number | undefined {
    const { graph } = this;
    const info = [...graph.valueInfo, ...graph.input, ...graph.output].find(v => v.name === name);
    return info?.type?.tensorType?.shape?.dim.length;
  }
}

/** Operator names are unique only within a domain; the standard one has two spellings. */
export function isOp(node: NodeProto, opType: string, domain: '' | 'com.microsoft' = ''): boolean {
  const given = node.domain === 'ai.onnx' ? '' : (node.domain ?? '');
  return node.opType === opType && given === domain;
}

export const intAttribute = (node: NodeProto, name: string): number | undefined => {
  const value = node.attribute.find(a => a.name === name)?.i;
  return value === undefined ? undefined : Number(value);
};

export const intsAttribute = (node: NodeProto, name: string): number[] | undefined =>
  node.attribute.find(a => a.name === name)?.ints.map(Number);

export const nodeProto = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Record<string, AttributeValue> = {},
): NodeProto => ({
  opType,
  input: [...input],
  output: [...output],
  name: output[0],
  attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
});

export const int64Tensor = (name: string, values: readonly number[]): TensorProto =>
  tensorProto(name, [values.length], DataType.int64, bytesOf(BigInt64Array.from(values.map(BigInt))));

/** Values of a small int64 constant such as the sizes of a Split; undefined when they lie outside the file. */
export function int64Values(tensor: TensorProto): number[] | undefined {
  if (tensor.dataType !== DataType.int64) return undefined;
  if (tensor.int64Data.length) return tensor.int64Data.map(Number);
  const raw = tensor.rawData;
  if (!raw || raw.length % 8) return undefined;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

/** Version of the standard operators; several moved an attribute to an input at 18. */
export const opsetOf = (model: ModelProto): number =>
  Number(model.opsetImport.find(o => !o.domain || o.domain === 'ai.onnx')?.version ?? 0n);
