// Rotary, causal, grouped-query attention with its derivative; the one layer that leaves the [rows, width] layout.
import type { Tape } from './tape';

export interface AttentionShape {
  heads: number;
  kvHeads: number;
  headDim: number;
}

/** Tensors shared by all layers: the int64 [B, T], the rotary tables [T, 1, headDim] and the additive mask [T, T]. */
export interface AttentionInputs {
  batch: string;
  cos: string;
  sin: string;
  mask: string;
}

export class Attention {
  readonly #t: Tape;
  readonly #shape: AttentionShape;
  readonly #in: AttentionInputs;

  constructor(tape: Tape, shape: AttentionShape, inputs: AttentionInputs) {
    this.#t = tape;
    this.#shape = shape;
    this.#in = inputs;
  }

  /** q [rows, heads·headDim], k and v [rows, kvHeads·headDim] to [rows, heads·headDim]. */
  apply(q: string, k: string, v: string): string {
    const { heads, kvHeads } = this.#shape;
    return this.#attend(
      this.#split(this.#rotate(q, heads), heads),
      this.#share(this.#split(this.#rotate(k, kvHeads), kvHeads)),
      this.#share(this.#split(v, kvHeads)),
    );
  }

  /** y = x⊙cos + R(x)⊙sin with R(a, b) = (−b, a). Transposed: R′(a, b) = (b, −a), since both halves of the tables are equal. */
  #rotate(x: string, heads: number): string {
    const g = this.#t.graph;
    const { cos, sin } = this.#in;
    const turn = (flat: string, back: boolean): string => {
      const y = g.node('Reshape', [flat, this.#rows(heads)]);
      const [a, b] = g.nodes(2, 'Split', [y], { axis: -1, num_outputs: 2 }) as [string, string];
      const turned = g.node('Concat', back ? [b, g.node('Neg', [a])] : [g.node('Neg', [b]), a], { axis: -1 });
      const sum = g.node('Add', [g.node('Mul', [y, cos]), g.node('Mul', [turned, sin])]);
      return g.node('Reshape', [sum, g.ints([-1, heads * this.#shape.headDim])]);
    };
    return this.#t.record(turn(x, false), [x], dy => this.#t.give(x, () => turn(dy, true)));
  }

  /** [rows, n·headDim] to [B, n, T, headDim]. */
  #split(x: string, n: number): string {
    const g = this.#t.graph;
    const y = this.#swap(g.node('Reshape', [x, this.#rows(n)]));
    return this.#t.record(y, [x], dy => this.#t.give(x, () => g.node('Reshape', [this.#swap(dy), g.ints([-1, n * this.#shape.headDim])])));
  }

  /** Every key/value head serves heads/kvHeads query heads, so its gradient is the sum over them. */
  #share(x: string): string {
    const { heads, kvHeads, headDim } = this.#shape;
    if (kvHeads === heads) return x;
    const g = this.#t.graph;
    const part = (axis: number): string => g.once(`size ${axis}`, () => g.node('Gather', [this.#in.batch, g.ints([axis])]));
    const shape = (...middle: number[]): string =>
      g.once(`share ${middle}`, () => g.node('Concat', [part(0), g.ints(middle), part(1), g.ints([headDim])], { axis: 0 }));
    const groups = shape(kvHeads, heads / kvHeads);
    const wide = g.node('Expand', [g.node('Reshape', [x, shape(kvHeads, 1)]), groups]);
    return this.#t.record(g.node('Reshape', [wide, shape(heads)]), [x], dy =>
      this.#t.give(x, () => g.node('ReduceSum', [g.node('Reshape', [dy, groups]), g.ints([2])], { keepdims: 0 })),
    );
  }

  /** P = softmax(c·QKᵀ + mask), O = PV; dV = PᵀdO, dS = P⊙(dP − rowsum(dP⊙P)) with dP = dO·Vᵀ, dQ = c·dS·K, dK = c·dSᵀQ. */
  #attend(q: string, k: string, v: string): string {
    const t = this.#t;
    const g = t.graph;
    const { heads, headDim } = this.#shape;
    const c = 1 / Math.sqrt(headDim);
    const fused = (a: string, b: string, transA: 0 | 1, transB: 0 | 1, factor = 1): string =>
      g.node('FusedMatMul', [a, b], { transA, transB, alpha: { float: factor } }, { domain: 'com.microsoft' });
    const p = g.node('Softmax', [g.node('Add', [fused(q, k, 0, 1, c), this.#in.mask])], { axis: -1 });
    const y = g.node('Reshape', [this.#swap(fused(p, v, 0, 0)), g.ints([-1, heads * headDim])]);
    return t.record(y, [q, k, v], dy => {
      const d = this.#swap(g.node('Reshape', [dy, this.#rows(heads)]));
      const weighted = g.node('Mul', [fused(d, v, 0, 1), p]);
      const ds = g.node('Sub', [weighted, g.node('Mul', [p, g.node('ReduceSum', [weighted, g.ints([-1])], { keepdims: 1 })])]);
      t.give(v, () => fused(p, d, 1, 0));
      t.give(q, () => fused(ds, k, 0, 0, c));
      t.give(k, () => fused(ds, q, 1, 0, c));
    });
  }

  #swap(x: string): string {
    return this.#t.graph.node('Transpose', [x], { perm: [0, 2, 1, 3] });
  }

  /** The shape [B, T, n, headDim]. */
  #rows(n: number): string {
    const g = this.#t.graph;
    return g.once(`rows ${n}`, () => g.node('Concat', [this.#in.batch, g.ints([n, this.#shape.headDim])], { axis: 0 }));
  }
}
