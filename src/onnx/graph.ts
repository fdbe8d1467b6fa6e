// Builds an ONNX graph node by node. Tensors are their names; constants are shared; the result is an ordinary ModelProto.
import {
  AttributeType,
  DataType,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto';

/** Integers become `int`, `{ float }` a float: JavaScript cannot tell 1 from 1.0. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };
export type Dim = number | string;

export interface NodeOptions {
  /** Node name; needed where a weight must be found again (module paths). */
  name?: string;
  domain?: 'com.microsoft';
  /** Output names, where the caller must choose them. */
  outputs?: readonly string[];
}

export const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export const tensorProto = (name: string, dims: readonly number[], dataType: number, rawData: Uint8Array): TensorProto => ({
  dims: dims.map(BigInt),
  dataType,
  name,
  rawData,
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
});

export const valueInfo = (name: string, elemType: number, dims: readonly Dim[]): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map(d => (typeof d === 'string' ? { dimParam: d } : { dimValue: BigInt(d) })) } } },
});

export function attributeProto(name: string, value: AttributeValue): AttributeProto {
  const empty = { name, floats: [], ints: [], strings: [], tensors: [], graphs: [] };
  if (typeof value === 'number') return { ...empty, i: BigInt(value), type: AttributeType.int };
  if (typeof value === 'string') return { ...empty, s: new TextEncoder().encode(value), type: AttributeType.string };
  if ('float' in value) return { ...empty, f: value.float, type: AttributeType.float };
  return { ...empty, ints: value.map(BigInt), type: AttributeType.ints };
}

export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #shared = new Map<string, string>();
  #count = 0;

  get nodeCount(): number {
    return this.#nodes.length;
  }

  /** Adds a node with `count` outputs and returns their names. An empty input name stands for an omitted optional input. */
  nodes(
    count: number,
    opType: string,
    input: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    options: NodeOptions = {},
  ): string[] {
    const output = options.outputs ? [...options.outputs] : Array.from({ length: count }, () => `t${this.#count++}`);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.#nodes.push({
      opType,
      input: [...input],
      output,
      attribute,
      name: options.name ?? `${opType}_${this.#nodes.length}`,
      domain: options.domain,
    });
    return output;
  }

  /** Adds a node and returns the name of its first output. */
  node(opType: string, input: readonly string[], attributes: Record<string, AttributeValue> = {}, options: NodeOptions = {}): string {
    return this.nodes(1, opType, input, attributes, options)[0]!;
  }

  /** Makes something once per key, e.g. a constant or a shape that many nodes need. */
  once(key: string, make: () => string): string {
    let name = this.#shared.get(key);
    if (name === undefined) this.#shared.set(key, (name = make()));
    return name;
  }

  initializer(name: string, dims: readonly number[], dataType: number, data: ArrayBufferView): string {
    this.#initializers.push(tensorProto(name, dims, dataType, bytesOf(data)));
    return name;
  }

  /** A float32 scalar (rank 0). */
  scalar(value: number): string {
    return this.once(`f${value}`, () => this.initializer(`c${this.#count++}`, [], DataType.float, Float32Array.of(value)));
  }

  /** A float32 vector. */
  floats(values: readonly number[]): string {
    return this.once(`F${values}`, () => this.initializer(`c${this.#count++}`, [values.length], DataType.float, Float32Array.from(values)));
  }

  /** An int64 vector, e.g. axes or a shape. */
  ints(values: readonly number[]): string {
    return this.once(`i${values}`, () =>
      this.initializer(`c${this.#count++}`, [values.length], DataType.int64, BigInt64Array.from(values.map(BigInt))),
    );
  }

  /** An int64 scalar (rank 0), e.g. an index that drops its axis. */
  int(value: number): string {
    return this.once(`I${value}`, () => this.initializer(`c${this.#count++}`, [], DataType.int64, BigInt64Array.of(BigInt(value))));
  }

  input(name: string, elemType: number, dims: readonly Dim[]): string {
    this.#inputs.push(valueInfo(name, elemType, dims));
    return name;
  }

  /** Declares `source` as a graph output, under another name when `name` differs. */
  output(name: string, source: string, elemType: number, dims: readonly Dim[]): void {
    if (name !== source) this.node('Identity', [source], {}, { outputs: [name] });
    this.#outputs.push(valueInfo(name, elemType, dims));
  }

  /** opset 18 and `com.microsoft` 1: what onnxruntime 1.30 and its web build both run. */
  build(graphName: string): ModelProto {
    return {
      irVersion: 9n,
      producerName: 'polylogue',
      opsetImport: [
        { domain: '', version: 18n },
        { domain: 'com.microsoft', version: 1n },
      ],
      metadataProps: [],
      graph: {
        name: graphName,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
        valueInfo: [],
      },
    };
  }
}
