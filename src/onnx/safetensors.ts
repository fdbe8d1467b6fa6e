// The safetensors file format, read as if it came from an enemy: the data must be tiled exactly by the tensors of a small, plain header.
import { fromHalves } from './half';

/** Bytes per element. */
const sizes: ReadonlyMap<string, number> = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E4M3', 'F8_E5M2'].map(name => [name, 1] as const),
  ...['U16', 'I16', 'F16', 'BF16'].map(name => [name, 2] as const),
  ...['U32', 'I32', 'F32'].map(name => [name, 4] as const),
  ...['U64', 'I64', 'F64'].map(name => [name, 8] as const),
]);

export interface SafeTensor {
  dtype: string;
  /** Row-major. */
  shape: number[];
  /** Little-endian view into the file; its start need not be aligned. */
  data: Uint8Array;
}

export interface Safetensors {
  tensors: Map<string, SafeTensor>;
  metadata: Record<string, string>;
}

export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

const fail = (reason: string): never => {
  throw new SafetensorsError(reason);
};

// The reference implementation allows 100 MB; headers of real files are some kilobytes.
const maxHeader = 4 << 20;
const maxTensors = 20_000;
const maxName = 512;
const maxRank = 4;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) fail('shorter than its own length field');
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared < 2n || declared > BigInt(maxHeader)) fail(`header of ${declared} bytes`);
  const end = 8 + Number(declared);
  if (end > bytes.length) fail('the header ends beyond the file');
  if (bytes[8] !== 0x7b) fail('the header does not start with {');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, end)));
  } catch {
    return fail('the header is not JSON in UTF-8');
  }
  if (!isRecord(header)) return fail('the header is not an object');
  return { header, data: bytes.subarray(end) };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value) || Object.values(value).some(v => typeof v !== 'string'))
    return fail('__metadata__ does not map strings to strings');
  return Object.assign(Object.create(null), value) as Record<string, string>;
}

function parseEntry(name: string, entry: unknown, data: Uint8Array): SafeTensor & { begin: number; end: number } {
  if (!isRecord(entry)) return fail(`${name} is not described by an object`);
  const own = (key: string): unknown => (Object.hasOwn(entry, key) ? entry[key] : undefined);
  const [dtype, shape, offsets] = [own('dtype'), own('shape'), own('data_offsets')];
  const size = typeof dtype === 'string' ? sizes.get(dtype) : undefined;
  if (size === undefined) return fail(`${name} has an unknown dtype`);
  if (!Array.isArray(shape) || shape.length > maxRank || !shape.every(isSize)) return fail(`${name} has an impossible shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) return fail(`${name} has impossible offsets`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.length) fail(`${name} lies outside the data`);
  let length = size;
  for (const dim of shape as number[]) if (!Number.isSafeInteger((length *= dim))) fail(`${name} is too large to count`);
  if (length !== end - begin) fail(`${name} has ${end - begin} bytes where its shape says ${length}`);
  return { dtype: dtype as string, shape: shape as number[], data: data.subarray(begin, end), begin, end };
}

/** @throws SafetensorsError unless the file is valid to the last byte */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = parseHeader(bytes);
  const names = Object.keys(header).filter(name => name !== '__metadata__');
  if (names.length > maxTensors) fail(`${names.length} tensors`);
  const tensors = new Map<string, SafeTensor>();
  const ranges: { begin: number; end: number }[] = [];
  for (const name of names) {
    if (name.length > maxName || name === '__proto__') fail('a tensor name that is too long or reserved');
    const { begin, end, ...tensor } = parseEntry(name, header[name], data);
    tensors.set(name, tensor);
    ranges.push({ begin, end });
  }
  // No hole, no overlap, no trailing byte; this also exposes a key that stands twice in the JSON.
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { begin, end } of ranges) {
    if (begin !== covered) fail(begin < covered ? 'tensors overlap' : 'a hole between tensors');
    covered = end;
  }
  if (covered !== data.length) fail('bytes that belong to no tensor');
  return { tensors, metadata: parseMetadata(Object.hasOwn(header, '__metadata__') ? header.__metadata__ : undefined) };
}

/** Elements of an F32, F16 or BF16 tensor as float32, always a copy. @throws SafetensorsError for other dtypes */
export function toFloat32({ dtype, data }: SafeTensor): Float32Array {
  const { buffer } = new Uint8Array(data);
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return fromHalves(new Uint16Array(buffer));
  if (dtype !== 'BF16') return fail(`dtype ${dtype} is not a float of 16 or 32 bits`);
  const bits = Uint32Array.from(new Uint16Array(buffer), half => half << 16);
  return new Float32Array(bits.buffer);
}

/** Writes float32 tensors, and halves given as their bits, sorted by name; the header is padded with spaces so that the data starts at a multiple of 8. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array | Uint16Array }>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.keys(metadata).length ? { __metadata__: metadata } : {};
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  let length = 0;
  for (const [name, { shape, data }] of sorted) {
    if (shape.reduce((a, b) => a * b, 1) !== data.length) fail(`${name} is not ${shape.join('×')}`);
    header[name] = { dtype: data instanceof Uint16Array ? 'F16' : 'F32', shape, data_offsets: [length, (length += data.byteLength)] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + json.length) / 8) * 8;
  const file = new Uint8Array(start + length).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let at = start;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
