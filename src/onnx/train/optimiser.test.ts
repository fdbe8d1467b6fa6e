import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph';
import { DataType, encodeModel } from '../proto';
import { drawn, seeded } from './fixture';
import { adamW, clip, muon, type Update } from './optimiser';

type Matrix = number[][];
const product = (x: Matrix, y: Matrix): Matrix => x.map(row => y[0]!.map((_, j) => row.reduce((s, v, k) => s + v * y[k]![j]!, 0)));
const flip = (x: Matrix): Matrix => x[0]!.map((_, j) => x.map(row => row[j]!));
const zip = (x: Matrix, y: Matrix, f: (a: number, b: number) => number): Matrix => x.map((row, i) => row.map((v, j) => f(v, y[i]![j]!)));

const rates = { lr: 'lr', muonLr: 'lr', correction1: 'bc1', correction2: 'bc2' };

/** Runs one update as a graph of its own; `scalars` are fed as [1], `tensors` with `dims`. */
async function updated(
  dims: number[],
  tensors: Record<string, Float32Array>,
  scalars: Record<string, number>,
  make: (g: GraphBuilder) => Update,
): Promise<number[][]> {
  const g = new GraphBuilder();
  for (const name in tensors) g.input(name, DataType.float, dims);
  for (const name in scalars) g.input(name, DataType.float, [1]);
  const { value, moments } = make(g);
  [value, ...moments].forEach((x, i) => g.output(`out${i}`, x, DataType.float, dims));
  const session = await InferenceSession.create(encodeModel(g.build('update')), { intraOpNumThreads: 1 });
  const feeds: Record<string, Tensor> = {};
  for (const name in tensors) feeds[name] = new Tensor('float32', tensors[name]!, dims);
  for (const name in scalars) feeds[name] = new Tensor('float32', [scalars[name]!], [1]);
  const out = await session.run(feeds);
  await session.release();
  return [value, ...moments].map((_, i) => Array.from(out[`out${i}`]!.data as Float32Array));
}

const worst = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

it.each([
  [24, 24],
  [36, 20],
  [20, 36],
])('a Muon update of a %i × %i matrix equals a float64 reference', async (rows, columns) => {
  const random = seeded(7);
  const dims = [rows, columns];
  const [w, m, gradient] = [drawn(dims, random, 0.5).data, drawn(dims, random, 0.5).data, drawn(dims, random, 0.5).data];
  const [value, moment] = await updated(dims, { w, m, g: gradient }, { lr: 0.02 }, g =>
    muon(g, 'w', dims, ['m'], 'g', rates, { momentum: 0.95, decay: 0.02 }),
  );

  const matrix = (x: Float32Array): Matrix => Array.from({ length: rows }, (_, i) => [...x.subarray(i * columns, (i + 1) * columns)]);
  const wanted = zip(matrix(m), matrix(gradient), (a, b) => 0.95 * a + b);
  let x = zip(matrix(gradient), wanted, (a, b) => a + 0.95 * b);
  const norm = Math.hypot(...x.flat()) + 1e-7;
  x = x.map(row => row.map(v => v / norm));
  if (rows > columns) x = flip(x);
  for (let i = 0; i < 5; i++) {
    const gram = product(x, flip(x));
    const polynomial = zip(gram, product(gram, gram), (a, b) => -4.775 * a + 2.0315 * b);
    x = zip(x, product(polynomial, x), (a, b) => 3.4445 * a + b);
  }
  if (rows > columns) x = flip(x);
  const gain = 0.02 * Math.sqrt(Math.max(1, rows / columns));
  const next = zip(matrix(w), x, (a, b) => a * (1 - 0.02 * 0.02) - gain * b).flat();

  expect(worst(value!, next)).toBeLessThan(1e-4);
  expect(worst(moment!, wanted.flat())).toBeLessThan(1e-6);
  expect(worst(value!, [...w])).toBeGreaterThan(1e-3);
});

it('Muon makes the update nearly orthogonal: singular values of the step lie around one', async () => {
  const dims = [12, 12];
  const gradient = drawn(dims, seeded(4), 1).data;
  const zero = new Float32Array(144);
  const [value] = await updated(dims, { w: zero, m: zero, g: gradient }, { lr: 1 }, g =>
    muon(g, 'w', dims, ['m'], 'g', rates, { momentum: 0.95, decay: 0 }),
  );
  const x = Array.from({ length: 12 }, (_, i) => value!.slice(i * 12, (i + 1) * 12));
  const gram = product(x, flip(x));
  const trace = gram.reduce((sum, row, i) => sum + row[i]!, 0);
  expect(trace / 12).toBeGreaterThan(0.5);
  expect(trace / 12).toBeLessThan(1.4);
});

it('an AdamW update equals a float64 reference', async () => {
  const random = seeded(9);
  const dims = [5, 7];
  const [w, m, v, gradient] = [
    drawn(dims, random, 1).data,
    drawn(dims, random, 0.1).data,
    drawn(dims, random, 0.05, 0.06).data,
    drawn(dims, random, 1).data,
  ];
  const s = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, decay: 0.01 };
  const scalars = { lr: 0.01, bc1: 1 / (1 - s.beta1 ** 3), bc2: 1 / (1 - s.beta2 ** 3) };
  const [value, first, second] = await updated(dims, { w, m, v, g: gradient }, scalars, g => adamW(g, 'w', ['m', 'v'], 'g', rates, s));
  const m2 = [...m].map((x, i) => s.beta1 * x + (1 - s.beta1) * gradient[i]!);
  const v2 = [...v].map((x, i) => s.beta2 * x + (1 - s.beta2) * gradient[i]! ** 2);
  const next = [...w].map(
    (x, i) => x - scalars.lr * ((m2[i]! * scalars.bc1) / (Math.sqrt(v2[i]! * scalars.bc2) + s.epsilon) + s.decay * x),
  );
  expect(worst(value!, next)).toBeLessThan(1e-6);
  expect(worst(first!, m2)).toBeLessThan(1e-6);
  expect(worst(second!, v2)).toBeLessThan(1e-6);
});

it.each([
  ['above the limit gradients are scaled down to it', 0.5, 0.1],
  ['below the limit they are left alone', 10, 1],
  ['without a limit they are left alone', Infinity, 1],
])('%s', async (_, limit, factor) => {
  const g = new GraphBuilder();
  const parts = ['a', 'b'].map(name => g.input(name, DataType.float, [2]));
  const clipped = clip(g, parts, limit);
  g.output('norm', clipped.norm, DataType.float, []);
  g.output('factor', clipped.factor, DataType.float, []);
  const session = await InferenceSession.create(encodeModel(g.build('clip')));
  const out = await session.run({ a: new Tensor('float32', [3, 0], [2]), b: new Tensor('float32', [0, 4], [2]) });
  await session.release();
  expect(out.norm!.data[0]).toBeCloseTo(5, 6);
  expect(out.factor!.data[0]).toBeCloseTo(factor, 5);
});
