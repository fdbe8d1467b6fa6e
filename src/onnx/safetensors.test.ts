import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHalves } from './half';
import { readSafetensors, SafetensorsError, toFloat32, writeSafetensors } from './safetensors';

/** A file with any header, however wrong. */
function file(header: string | Uint8Array, data: Uint8Array | number = 0, length?: bigint): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const payload = typeof data === 'number' ? new Uint8Array(data) : data;
  const out = new Uint8Array(8 + json.length + payload.length);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  out.set(json, 8);
  out.set(payload, 8 + json.length);
  return out;
}
const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  const hostile: [string, Uint8Array, RegExp][] = [
    ['a header of 2⁴⁰ bytes', file('{}', 0, 1n << 40n), /header of/],
    ['a header that ends beyond the file', file('{}', 0, 100n), /beyond the file/],
    ['a hole', file(JSON.stringify({ a: entry(0, 4), b: entry(8, 12) }), 12), /hole/],
    ['an overlap', file(JSON.stringify({ a: entry(0, 8), b: entry(4, 12) }), 12), /overlap/],
    ['trailing bytes', file(JSON.stringify({ a: entry(0, 4) }), 5), /belong to no tensor/],
    ['a size that its shape denies', file(JSON.stringify({ a: entry(0, 8, [3]) }), 8), /shape says 12/],
    ['a shape of 2⁸⁰', file(`{"a":{"dtype":"F32","shape":[${2 ** 40},${2 ** 40}],"data_offsets":[0,4]}}`, 4), /too large to count/],
    ['a negative dimension', file(JSON.stringify({ a: entry(0, 4, [-1]) }), 4), /impossible shape/],
    ['__proto__ as a name', file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /reserved/],
    ['a dtype that every object has', file(JSON.stringify({ a: entry(0, 4, [1], 'toString') }), 4), /unknown dtype/],
    ['a list instead of an object', file('[]'), /start with/],
    ['bytes that are no UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), /not JSON in UTF-8/],
    ['a header that stops', file('{"a":'), /not JSON/],
    ['seven bytes', new Uint8Array(7), /shorter/],
    ['an empty header', file(''), /header of 0/],
    ['one byte too few', file(JSON.stringify({ a: entry(0, 8) }), 7), /outside the data/],
    ['a key that stands twice', file(`{"a":${JSON.stringify(entry(0, 4))},"a":${JSON.stringify(entry(4, 8))}}`, 8), /hole/],
    ['offsets the wrong way round', file(JSON.stringify({ a: entry(4, 0, [1]) }), 4), /outside the data/],
    ['offsets that are not whole', file(JSON.stringify({ a: { ...entry(0, 4), data_offsets: [0, 3.5] } }), 4), /impossible offsets/],
    ['five dimensions', file(JSON.stringify({ a: entry(0, 4, [1, 1, 1, 1, 1]) }), 4), /impossible shape/],
    ['a name of 600 characters', file(JSON.stringify({ ['a'.repeat(600)]: entry(0, 4) }), 4), /too long/],
    ['an entry that is no object', file('{"a":1}'), /not described/],
    ['inherited fields', file('{"a":{"__proto__":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}}'), /unknown dtype/],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}'), /__metadata__/],
    [
      'too many tensors',
      file(JSON.stringify(Object.fromEntries(Array.from({ length: 20001 }, (_, i) => [i, entry(0, 0, [0])])))),
      /20001 tensors/,
    ],
  ];
  it.each(hostile)('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('never answers damage with anything but a SafetensorsError, or with tensors that do not tile the data', () => {
    const good = writeSafetensors(
      new Map([
        ['a', { shape: [2, 3], data: new Float32Array(6) }],
        ['b.c', { shape: [1], data: Float32Array.of(7) }],
      ]),
      { format: 'pt' },
    );
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
    let refused = 0;
    fc.assert(
      fc.property(damage, fc.nat(12), (changes, cut) => {
        const bytes = good.slice(0, good.length - cut);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          const { tensors } = readSafetensors(bytes);
          const covered = [...tensors.values()].reduce((sum, t) => sum + t.data.length, 0);
          expect(covered).toBe(bytes.length - 8 - Number(new DataView(bytes.buffer).getBigUint64(0, true)));
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(200);
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(16), (json, length) => {
        try {
          readSafetensors(file(json, length));
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reads back what it wrote, at any offset in a buffer', () => {
    const shape = fc.array(fc.nat(4), { maxLength: 3 });
    const tensors = fc.dictionary(
      fc.string({ maxLength: 20 }).filter(n => !['__proto__', '__metadata__'].includes(n)),
      shape,
      { maxKeys: 6 },
    );
    fc.assert(
      fc.property(tensors, fc.nat(7), (shapes, shift) => {
        const wanted = new Map(
          Object.entries(shapes).map(([name, shape]) => {
            const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 3 - name.length);
            return [name, { shape, data }] as const;
          }),
        );
        const written = writeSafetensors(wanted, { note: 'x' });
        const moved = new Uint8Array(written.length + shift);
        moved.set(written, shift);
        const read = readSafetensors(moved.subarray(shift));
        expect(read.metadata.note).toBe('x');
        expect([...read.tensors.keys()].sort()).toEqual([...wanted.keys()].sort());
        for (const [name, { shape, data }] of wanted) {
          const tensor = read.tensors.get(name)!;
          expect(tensor.shape).toEqual(shape);
          expect(toFloat32(tensor)).toEqual(data);
        }
      }),
    );
    expect(() => writeSafetensors(new Map([['a', { shape: [2], data: new Float32Array(3) }]]))).toThrow(/not 2/);
  });

  it('decodes halves and bfloat16', () => {
    const values = [1, -2.5, 2 ** -24, 65504, 0];
    const bf16 = Uint16Array.of(0x3f80, 0xc020, 0x0001, 0x7f7f);
    const bytes = (data: Uint16Array) => new Uint8Array(data.buffer);
    const one = (dtype: string, data: Uint16Array) =>
      toFloat32(
        readSafetensors(
          file(JSON.stringify({ a: { dtype, shape: [data.length], data_offsets: [0, 2 * data.length] } }), bytes(data)),
        ).tensors.get('a')!,
      );
    expect([...one('F16', toHalves(values))]).toEqual(values);
    expect([...one('BF16', bf16)]).toEqual([1, -2.5, 2 ** -133, (2 - 2 ** -7) * 2 ** 127]);
    expect(() => one('I16', bf16)).toThrow(/not a float/);
  });
});
