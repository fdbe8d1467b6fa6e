// ONNX model files as typed objects, and back. Lossless: fields this table does not name are kept as raw bytes and written again.
import { ProtoError, Reader, Writer } from './proto-wire';

export { ProtoError } from './proto-wire';

/** TensorProto.DataType, the values used here. */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;
/** AttributeProto.AttributeType, the values used here. */
export const AttributeType = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/** Fields absent from the file are `undefined`, repeated ones an empty array; `unknown` holds unnamed fields, tag included. */
export interface Message {
  unknown?: Uint8Array[];
}
export interface ModelProto extends Message {
  irVersion?: bigint;
  opsetImport: OperatorSetIdProto[];
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: bigint;
  docString?: string;
  graph?: GraphProto;
  metadataProps: StringStringEntryProto[];
}
export interface OperatorSetIdProto extends Message {
  domain?: string;
  version?: bigint;
}
export interface GraphProto extends Message {
  node: NodeProto[];
  name?: string;
  initializer: TensorProto[];
  docString?: string;
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}
export interface NodeProto extends Message {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  attribute: AttributeProto[];
  docString?: string;
  domain?: string;
}
export interface AttributeProto extends Message {
  name?: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats: number[];
  ints: bigint[];
  strings: Uint8Array[];
  tensors: TensorProto[];
  graphs: GraphProto[];
  docString?: string;
  type?: number;
  refAttrName?: string;
}
export interface TensorProto extends Message {
  dims: bigint[];
  dataType?: number;
  floatData: number[];
  int32Data: bigint[];
  stringData: Uint8Array[];
  int64Data: bigint[];
  name?: string;
  /** Little-endian, row-major; a view into the decoded file. */
  rawData?: Uint8Array;
  /** Where `rawData` starts in the decoded bytes; set by decoding only, never written. */
  rawDataOffset?: number;
  doubleData: number[];
  uint64Data: bigint[];
  docString?: string;
  externalData: StringStringEntryProto[];
  /** 1 = external. */
  dataLocation?: number;
}
export interface StringStringEntryProto extends Message {
  key?: string;
  value?: string;
}
export interface ValueInfoProto extends Message {
  name?: string;
  type?: TypeProto;
  docString?: string;
}
export interface TypeProto extends Message {
  tensorType?: TensorTypeProto;
  denotation?: string;
}
export interface TensorTypeProto extends Message {
  elemType?: number;
  shape?: TensorShapeProto;
}
export interface TensorShapeProto extends Message {
  dim: DimensionProto[];
}
/** Exactly one of value and param, or neither when unknown. */
export interface DimensionProto extends Message {
  dimValue?: bigint;
  dimParam?: string;
  denotation?: string;
}

type Scalar = 'enum' | 'int64' | 'float' | 'double' | 'string' | 'bytes';
interface Field {
  name: string;
  kind: Scalar | (() => Table);
  repeated?: boolean;
  packed?: boolean;
  /** Name of the property that remembers the payload's position. */
  offset?: string;
}
type Table = ReadonlyMap<number, Field>;

// Field numbers of onnx.proto (proto2): "3 name", "1 dims*" repeated, "4 floatData+" repeated and packed.
function table(rows: Record<string, Field['kind']>, offsets: Record<string, string> = {}): Table {
  const fields = new Map<number, Field>();
  for (const [row, kind] of Object.entries(rows)) {
    const [, number, name, mark] = /^(\d+) (\w+)([*+]?)$/.exec(row) as unknown as [string, string, string, string];
    fields.set(Number(number), { name, kind, repeated: mark !== '', packed: mark === '+', offset: offsets[name] });
  }
  return fields;
}

const entry = table({ '1 key': 'string', '2 value': 'string' });
const opset = table({ '1 domain': 'string', '2 version': 'int64' });
const dimension = table({ '1 dimValue': 'int64', '2 dimParam': 'string', '3 denotation': 'string' });
const shape = table({ '1 dim*': () => dimension });
const tensorType = table({ '1 elemType': 'enum', '2 shape': () => shape });
const type = table({ '1 tensorType': () => tensorType, '6 denotation': 'string' });
const valueInfo = table({ '1 name': 'string', '2 type': () => type, '3 docString': 'string' });
const tensor = table(
  {
    '1 dims*': 'int64',
    '2 dataType': 'enum',
    '4 floatData+': 'float',
    '5 int32Data+': 'int64',
    '6 stringData*': 'bytes',
    '7 int64Data+': 'int64',
    '8 name': 'string',
    '9 rawData': 'bytes',
    '10 doubleData+': 'double',
    '11 uint64Data+': 'int64',
    '12 docString': 'string',
    '13 externalData*': () => entry,
    '14 dataLocation': 'enum',
  },
  { rawData: 'rawDataOffset' },
);
const attribute: Table = table({
  '1 name': 'string',
  '2 f': 'float',
  '3 i': 'int64',
  '4 s': 'bytes',
  '5 t': () => tensor,
  '6 g': () => graph,
  '7 floats*': 'float',
  '8 ints*': 'int64',
  '9 strings*': 'bytes',
  '10 tensors*': () => tensor,
  '11 graphs*': () => graph,
  '13 docString': 'string',
  '20 type': 'enum',
  '21 refAttrName': 'string',
});
const node = table({
  '1 input*': 'string',
  '2 output*': 'string',
  '3 name': 'string',
  '4 opType': 'string',
  '5 attribute*': () => attribute,
  '6 docString': 'string',
  '7 domain': 'string',
});
const graph: Table = table({
  '1 node*': () => node,
  '2 name': 'string',
  '5 initializer*': () => tensor,
  '10 docString': 'string',
  '11 input*': () => valueInfo,
  '12 output*': () => valueInfo,
  '13 valueInfo*': () => valueInfo,
});
const model = table({
  '1 irVersion': 'int64',
  '2 producerName': 'string',
  '3 producerVersion': 'string',
  '4 domain': 'string',
  '5 modelVersion': 'int64',
  '6 docString': 'string',
  '7 graph': () => graph,
  '8 opsetImport*': () => opset,
  '14 metadataProps*': () => entry,
});

type Loose = Record<string, unknown>;
const wireTypes: Record<Scalar, number> = { enum: 0, int64: 0, float: 5, double: 1, string: 2, bytes: 2 };
const wireType = (kind: Field['kind']): number => (typeof kind === 'function' ? 2 : wireTypes[kind]);
/** Nested graphs and types are a few levels deep; a crafted file could otherwise overflow the stack. */
const maxDepth = 64;

function readValue(reader: Reader, kind: Field['kind'], depth: number): unknown {
  if (typeof kind === 'function') return read(reader.inner(), kind(), depth + 1);
  if (kind === 'enum') return Number(reader.int64());
  if (kind === 'int64') return reader.int64();
  if (kind === 'float') return reader.float();
  if (kind === 'double') return reader.double();
  if (kind === 'string') return reader.string();
  return reader.span();
}

function read(reader: Reader, fields: Table, depth = 0): Loose {
  if (depth > maxDepth) throw new ProtoError(`messages nested deeper than ${maxDepth}`);
  const message: Loose = {};
  for (const field of fields.values()) if (field.repeated) message[field.name] = [];
  while (!reader.done) {
    const start = reader.at;
    const tag = reader.small();
    const wire = tag % 8;
    const field = fields.get(Math.floor(tag / 8));
    if (field?.repeated && wire === 2 && wireType(field.kind) !== 2) {
      // Numbers may stand packed or one by one, whatever the file's own declaration says.
      const list = message[field.name] as unknown[];
      for (const inner = reader.inner(); !inner.done;) list.push(readValue(inner, field.kind, depth));
    } else if (field && wire === wireType(field.kind)) {
      const value = readValue(reader, field.kind, depth);
      if (field.offset) message[field.offset] = reader.at - (value as Uint8Array).length;
      if (field.repeated) (message[field.name] as unknown[]).push(value);
      else message[field.name] = value;
    } else {
      reader.skip(wire);
      ((message.unknown ??= []) as Uint8Array[]).push(reader.bytes.subarray(start, reader.at));
    }
  }
  return message;
}

function writeValue(writer: Writer, kind: Field['kind'], value: unknown): void {
  if (typeof kind === 'function') writer.inner(write(value as Loose, kind()));
  else if (kind === 'enum' || kind === 'int64') writer.varint(value as number | bigint);
  else if (kind === 'float') writer.float(value as number);
  else if (kind === 'double') writer.double(value as number);
  else if (kind === 'string') writer.string(value as string);
  else writer.span(value as Uint8Array);
}

function write(message: Loose, fields: Table): Writer {
  const writer = new Writer();
  for (const [number, field] of fields) {
    const value = message[field.name];
    if (value === undefined) continue;
    if (!field.repeated) {
      writer.tag(number, wireType(field.kind));
      writeValue(writer, field.kind, value);
    } else if (!field.packed) {
      for (const item of value as unknown[]) {
        writer.tag(number, wireType(field.kind));
        writeValue(writer, field.kind, item);
      }
    } else if ((value as unknown[]).length > 0) {
      const packed = new Writer();
      for (const item of value as unknown[]) writeValue(packed, field.kind, item);
      writer.tag(number, 2).inner(packed);
    }
  }
  for (const raw of (message.unknown as Uint8Array[] | undefined) ?? []) writer.raw(raw);
  return writer;
}

/**
 * Parses an ONNX file. Tensor payloads are views into `bytes`, so keep `bytes` unchanged while the model is in use.
 * @throws ProtoError when the bytes are no protobuf message or end early
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return read(new Reader(bytes), model) as unknown as ModelProto;
}

/** Serialises a model; payloads are copied once. */
export function encodeModel(value: ModelProto): Uint8Array<ArrayBuffer> {
  return write(value as unknown as Loose, model).join();
}
