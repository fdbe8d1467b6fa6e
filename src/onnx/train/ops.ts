// The layers of a Llama block with their derivatives. Activations are [rows, width], matrices [out, in]; dy is the upstream gradient.
import { DataType } from '../proto';
import type { Tape } from './tape';

const gemm = (t: Tape, a: string, b: string, how: { transA?: 1; transB?: 1; factor?: number; onto?: string | undefined } = {}): string => {
  const { transA = 0, transB = 0, factor = 1, onto } = how;
  return t.graph.node('Gemm', onto === undefined ? [a, b] : [a, b, onto], { transA, transB, alpha: { float: factor } });
};

const mean = (t: Tape, x: string): string => t.graph.node('ReduceMean', [x, t.graph.ints([-1])], { keepdims: 1 });

const sumOfRows = (t: Tape, x: string): string => t.graph.node('ReduceSum', [x, t.graph.ints([0])], { keepdims: 0 });

/** y = x·wᵀ + bias; dx = dy·w, dw = dyᵀ·x, dbias = Σ dy. */
export function linear(t: Tape, x: string, w: string, bias?: string): string {
  return t.record(gemm(t, x, w, { transB: 1, onto: bias }), bias === undefined ? [x, w] : [x, w, bias], dy => {
    t.giveOnto(x, onto => gemm(t, dy, w, { onto }));
    t.giveOnto(w, onto => gemm(t, dy, x, { transA: 1, onto }));
    if (bias !== undefined) t.give(bias, () => sumOfRows(t, dy));
  });
}

/** A matrix [r, in] down and one [out, r] up; what they give counts `scale` times. */
export interface LowRank {
  a: string;
  b: string;
  scale: number;
}

/** y = x·wᵀ + bias + s·(x·aᵀ)·bᵀ; w and the bias are frozen. */
export function loraLinear(t: Tape, x: string, w: string, { a, b, scale: s }: LowRank, bias?: string): string {
  const u = gemm(t, x, a, { transB: 1 });
  const y = gemm(t, u, b, { transB: 1, factor: s, onto: gemm(t, x, w, { transB: 1, onto: bias }) });
  return t.record(y, [x, a, b], dy => {
    const du = gemm(t, dy, b, { factor: s });
    t.giveOnto(b, onto => gemm(t, dy, u, { transA: 1, factor: s, onto }));
    t.giveOnto(a, onto => gemm(t, du, x, { transA: 1, onto }));
    t.giveOnto(x, onto => gemm(t, du, a, { onto: gemm(t, dy, w, { onto }) }));
  });
}

export function add(t: Tape, a: string, b: string): string {
  return t.record(t.graph.node('Add', [a, b]), [a, b], dy => {
    t.give(a, () => dy);
    t.give(b, () => dy);
  });
}

/** With r = (mean x² + ε)^−½, x̂ = r·x, y = x̂⊙w and d = dy⊙w: dx = r·(d − x̂·mean(d⊙x̂)), dw = Σ dy⊙x̂. */
export function rmsNorm(t: Tape, x: string, w: string, epsilon: number): string {
  const g = t.graph;
  const mul = (a: string, b: string): string => g.node('Mul', [a, b]);
  const r = g.node('Reciprocal', [g.node('Sqrt', [g.node('Add', [mean(t, mul(x, x)), g.scalar(epsilon)])])]);
  const unit = mul(x, r);
  return t.record(mul(unit, w), [x, w], dy => {
    t.give(w, () => sumOfRows(t, mul(dy, unit)));
    t.give(x, () => {
      const d = mul(dy, w);
      return mul(r, g.node('Sub', [d, mul(unit, mean(t, mul(d, unit)))]));
    });
  });
}

/** [rows, width·n] as [rows·n, width] and back: the same numbers, row-major. */
export function reshape(t: Tape, x: string, [from, to]: readonly [from: number, to: number]): string {
  const g = t.graph;
  const as = (y: string, width: number): string => g.node('Reshape', [y, g.ints([-1, width])]);
  return t.record(as(x, to), [x], dy => t.give(x, () => as(dy, from)));
}

/** y = gate·σ(gate)⊙up; dup = dy⊙gate·σ, dgate = dy⊙up⊙σ(1 + gate(1 − σ)). */
export function swiglu(t: Tape, gate: string, up: string): string {
  const g = t.graph;
  const mul = (a: string, b: string): string => g.node('Mul', [a, b]);
  const sigma = g.node('Sigmoid', [gate]);
  const silu = mul(gate, sigma);
  return t.record(mul(silu, up), [gate, up], dy => {
    t.give(up, () => mul(dy, silu));
    // σ(1 + gate(1 − σ)) = silu + σ(1 − silu)
    t.give(gate, () => mul(mul(dy, up), g.node('Add', [silu, mul(sigma, g.node('Sub', [g.scalar(1), silu]))])));
  });
}

/**
 * How rows are added up by index: a Gemm with a one-hot matrix, made by OneHot or by comparisons (for WebGPU, which has no OneHot), or
 * ScatterElements (ScatterND loses repeated indices on two threads).
 */
export type IndexSum = 'onehot' | 'compare' | 'scatter';

/** y = table[ids], ids [rows]; dtable[ids] += dy. */
export function embedding(t: Tape, table: string, ids: string, [vocab, width]: readonly [number, number], by: IndexSum): string {
  const g = t.graph;
  return t.record(g.node('Gather', [table, ids]), [table], dy =>
    t.giveOnto(table, onto => {
      if (by !== 'scatter') return gemm(t, by === 'onehot' ? oneHot(t, ids, vocab) : compared(t, ids, vocab), dy, { transA: 1, onto });
      const sum = onto ?? g.node('ConstantOfShape', [g.ints([vocab, width])]);
      const index = g.node('Expand', [g.node('Reshape', [ids, g.ints([-1, 1])]), g.node('Shape', [dy])]);
      return g.node('ScatterElements', [sum, index, dy], { axis: 0, reduction: 'add' });
    }),
  );
}

const oneHot = (t: Tape, ids: string, vocab: number): string =>
  t.graph.node('OneHot', [ids, t.graph.ints([vocab]), t.graph.floats([0, 1])], { axis: -1 });

/** The same matrix by equality with 0, 1, …; float32 tells whole numbers apart up to 2²⁴. */
function compared(t: Tape, ids: string, vocab: number): string {
  const g = t.graph;
  const column = g.node('Reshape', [g.node('Cast', [ids], { to: DataType.float }), g.ints([-1, 1])]);
  return g.node('Cast', [g.node('Equal', [column, g.floats(Array.from({ length: vocab }, (_, i) => i))])], { to: DataType.float });
}

/**
 * Rows of x by their indices, each at most once. Backwards every row fetches its gradient, or the zero row that is put behind them; the
 * mirror image, a scatter, would need a kernel that not every backend has.
 * @param back for each row of x its place among `rows`, or their number where it is not among them
 */
export function pick(t: Tape, x: string, rows: string, back: () => string, width: number): string {
  const g = t.graph;
  return t.record(g.node('Gather', [x, rows]), [x], dy =>
    t.give(x, () => {
      const none = g.once(`zero row ${width}`, () => g.node('ConstantOfShape', [g.ints([1, width])]));
      return g.node('Gather', [g.node('Concat', [dy, none], { axis: 0 }), back()]);
    }),
  );
}
