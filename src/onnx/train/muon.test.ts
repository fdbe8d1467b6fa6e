import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { DataType, encodeModel } from '../proto';
import { muonUpdate } from './optimisers';
import { Tape } from './tape';

type Matrix = number[][];
const product = (x: Matrix, y: Matrix): Matrix => x.map(row => y[0]!.map((_, j) => row.reduce((s, v, k) => s + v * y[k]![j]!, 0)));
const flip = (x: Matrix): Matrix => x[0]!.map((_, j) => x.map(row => row[j]!));
const zip = (x: Matrix, y: Matrix, f: (a: number, b: number) => number): Matrix => x.map((row, i) => row.map((v, j) => f(v, y[i]![j]!)));

/** Float64 reference of one Muon update. */
function reference(w: Matrix, m: Matrix, g: Matrix, rate: number): { w: Matrix; m: Matrix } {
  const m2 = zip(m, g, (a, b) => 0.95 * a + b);
  let x = zip(g, m2, (a, b) => a + 0.95 * b);
  const norm = Math.hypot(...x.flat()) + 1e-7;
  x = x.map(row => row.map(v => v / norm));
  const tall = w.length > w[0]!.length;
  if (tall) x = flip(x);
  for (let i = 0; i < 5; i++) {
    const gram = product(x, flip(x));
    const poly = zip(gram, product(gram, gram), (a, b) => -4.775 * a + 2.0315 * b);
    x = zip(x, product(poly, x), (a, b) => 3.4445 * a + b);
  }
  if (tall) x = flip(x);
  const gain = rate * Math.sqrt(Math.max(1, w.length / w[0]!.length));
  return { w: zip(w, x, (a, b) => a * (1 - 0.02 * rate) - gain * b), m: m2 };
}

it.each([
  [24, 24],
  [36, 20],
  [20, 36],
])('the Muon update of a %i × %i matrix equals a float64 reference', async (rows, columns) => {
  const t = new Tape();
  const p = { name: 'w', dims: [rows, columns] };
  for (const name of ['w', 'g']) t.input(name, DataType.float, p.dims);
  muonUpdate(t, p, 'g', t.input('rate', DataType.float, [1]));
  const session = await ort.InferenceSession.create(encodeModel(t.build('muon')));
  let seed = 7;
  const draw = (): Matrix =>
    Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => Math.fround((seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32 - 0.5)),
    );
  const [w, m, g] = [draw(), draw(), draw()];
  const tensor = (x: Matrix) => new ort.Tensor('float32', Float32Array.from(x.flat()), p.dims);
  const out = await session.run({ w: tensor(w), 'w/m': tensor(m), g: tensor(g), rate: new ort.Tensor('float32', [0.02], [1]) });
  const want = reference(w, m, g, 0.02);
  const worst = (name: string, x: number[]) => Math.max(...x.map((v, i) => Math.abs(v - (out[name]!.data as Float32Array)[i]!)));
  expect(worst('w/o', want.w.flat())).toBeLessThan(1e-4);
  expect(worst('w/m/o', want.m.flat())).toBeLessThan(1e-6);
  expect(worst('w/o', w.flat())).toBeGreaterThan(1e-3);
});
