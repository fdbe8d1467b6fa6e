import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graph';
import { DataType, decodeModel, encodeModel, ProtoError } from './proto';
import { Reader, Writer } from './proto-wire';

const affine = () => {
  const g = new GraphBuilder();
  const x = g.input('x', DataType.float, ['b', 3]);
  const w = g.initializer('w', [3, 2], DataType.float, Float32Array.of(1, 2, 3, 4, 5, 6));
  const y = g.node('MatMul', [x, w], {}, { name: '/m/MatMul' });
  const z = g.node('Gemm', [y, g.initializer('v', [2, 2], DataType.float, Float32Array.of(1, 0, 0, 1))], {
    transB: 1,
    alpha: { float: 0.5 },
  });
  g.output('z', g.node('Transpose', [z], { perm: [1, 0] }), DataType.float, [2, 'b']);
  return g.build('affine');
};

describe('ONNX codec', () => {
  it('writes a model that onnxruntime runs', async () => {
    const session = await ort.InferenceSession.create(encodeModel(affine()));
    const { z } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 1, 1), [1, 3]) });
    expect([...(z!.data as Float32Array)]).toEqual([4.5, 6]);
    expect(z!.dims).toEqual([2, 1]);
  });

  it('reads back what it wrote, byte for byte', () => {
    const bytes = encodeModel(affine());
    const model = decodeModel(bytes);
    expect(encodeModel(model)).toEqual(bytes);
    expect(model.graph!.node[0]).toMatchObject({ name: '/m/MatMul', opType: 'MatMul', input: ['x', 'w'] });
    expect(model.graph!.node[1]!.attribute.map(a => [a.name, a.i ?? a.f])).toEqual([
      ['transB', 1n],
      ['alpha', 0.5],
    ]);
    expect(model.graph!.input[0]!.type!.tensorType!.shape!.dim).toEqual([{ dimParam: 'b' }, { dimValue: 3n }]);
  });

  it('gives payloads as views and remembers where they stand in the file', () => {
    const bytes = encodeModel(affine());
    const padded = new Uint8Array(bytes.length + 5);
    padded.set(bytes, 5);
    const file = padded.subarray(5);
    const tensor = decodeModel(file).graph!.initializer[0]!;
    expect(tensor.rawData!.buffer).toBe(padded.buffer);
    expect(file.subarray(tensor.rawDataOffset!, tensor.rawDataOffset! + 24)).toEqual(tensor.rawData);
    expect(tensor.rawDataOffset).toBe(tensor.rawData!.byteOffset - file.byteOffset);
  });

  it('keeps fields it does not know, in the model and deep inside', () => {
    const exotic = new Writer()
      .tag(1, 2)
      .string('Foo')
      .tag(99, 0)
      .varint(7)
      .tag(16, 2)
      .string('kept')
      .tag(98, 5)
      .float(1.5)
      .tag(97, 1)
      .double(2.5);
    const file = new Writer().tag(7, 2).inner(new Writer().tag(1, 2).inner(exotic)).tag(25, 2).string('function').join();
    const again = decodeModel(encodeModel(decodeModel(file)));
    expect(encodeModel(decodeModel(file))).toEqual(file);
    expect(again.unknown).toHaveLength(1);
    expect(again.graph!.node[0]!.unknown).toHaveLength(4);
  });

  it('keeps 64-bit integers exactly and reads packed and unpacked lists', () => {
    const big = 9223372036854775807n;
    const model = affine();
    model.graph!.node[2]!.attribute[0]!.ints = [big, -big - 1n];
    expect(decodeModel(encodeModel(model)).graph!.node[2]!.attribute[0]!.ints).toEqual([big, -big - 1n]);
    const packed = new Writer().tag(1, 2).inner(new Writer().varint(300).varint(-1n)).tag(1, 0).varint(2);
    const file = new Writer().tag(7, 2).inner(new Writer().tag(5, 2).inner(packed)).join();
    expect(decodeModel(file).graph!.initializer[0]!.dims).toEqual([300n, -1n, 2n]);
  });

  it('refuses every truncation, endless varints and bottomless nesting with its own error', () => {
    const bytes = encodeModel(affine());
    let refused = 0;
    for (let end = 1; end < bytes.length; end++) {
      try {
        decodeModel(bytes.subarray(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtoError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length * 0.9);
    expect(() => new Reader(new Uint8Array(20).fill(255)).varint()).toThrow(ProtoError);
    let nested = new Writer();
    for (let depth = 0; depth < 200; depth++)
      nested = new Writer().tag(1, 2).inner(new Writer().tag(5, 2).inner(new Writer().tag(6, 2).inner(nested)));
    expect(() => decodeModel(new Writer().tag(7, 2).inner(nested).join())).toThrow(ProtoError);
  });
});
