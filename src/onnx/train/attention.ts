// Rotary, causal, grouped-query attention with its derivative; the one layer that leaves the [rows, width] layout.
import type { Tape } from './tape';

export interface AttentionShape {
  heads: number;
  kvHeads: number;
  headDim: number;
}

/** Tensors shared by all layers: the int64 [B, T], the rotary tables [T, headDim / 2] and the additive mask [T, T]. */
export interface AttentionInputs {
  batch: string;
  cos: string;
  sin: string;
  mask: string;
}

/** a·b, or with either side's last two axes exchanged first, times a factor. */
type Product = (a: string, b: string, transA: 0 | 1, transB: 0 | 1, factor?: number) => string;

export class Attention {
  readonly #t: Tape;
  readonly #shape: AttentionShape;
  readonly #in: AttentionInputs;
  readonly #product: Product;

  /** @param plain without FusedMatMul */
  constructor(tape: Tape, shape: AttentionShape, inputs: AttentionInputs, plain = false) {
    this.#t = tape;
    this.#shape = shape;
    this.#in = inputs;
    const g = tape.graph;
    const turned = (x: string, isTurned: 0 | 1): string => (isTurned ? g.node('Transpose', [x], { perm: [0, 1, 3, 2] }) : x);
    this.#product = plain
      ? (a, b, transA, transB, factor = 1) => {
          // b is never a [T, T] tensor where there is a factor.
          const scaled = factor === 1 ? b : g.node('Mul', [b, g.scalar(factor)]);
          return g.node('MatMul', [turned(a, transA), turned(scaled, transB)]);
        }
      : (a, b, transA, transB, factor = 1) =>
          g.node('FusedMatMul', [a, b], { transA, transB, alpha: { float: factor } }, { domain: 'com.microsoft' });
  }

  /** q [rows, heads·headDim], k and v [rows, kvHeads·headDim] to [rows, heads·headDim]. */
  apply(q: string, k: string, v: string): string {
    const { heads, kvHeads } = this.#shape;
    return this.#attend(
      this.#rotate(this.#split(q, heads)),
      this.#share(this.#rotate(this.#split(k, kvHeads))),
      this.#share(this.#split(v, kvHeads)),
    );
  }

  /** [B, n, T, headDim]: each pair (x_i, x_{i + headDim/2}) turned by its position's angle; the gradient is turned back. */
  #rotate(x: string): string {
    const g = this.#t.graph;
    const { cos, sin } = this.#in;
    const turn = (y: string, by: string): string =>
      g.node('RotaryEmbedding', [y, g.ints([0]), cos, by], { interleaved: 0 }, { domain: 'com.microsoft' });
    const back = (): string => g.once('sin turned back', () => g.node('Neg', [sin]));
    return this.#t.record(turn(x, sin), [x], dy => this.#t.give(x, () => turn(dy, back())));
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

  /**
   * P = softmax(c·QKᵀ + mask), O = PV; dV = PᵀdO, dS = P⊙(dP − D) with dP = dO·Vᵀ, dQ = c·dS·K, dK = c·dSᵀQ. D is rowsum(dP⊙P), which equals
   * rowsum(dO⊙O) (Dao et al., FlashAttention, 2022) and so needs no further pass over a [T, T] tensor.
   */
  #attend(q: string, k: string, v: string): string {
    const t = this.#t;
    const g = t.graph;
    const { heads, headDim } = this.#shape;
    const c = 1 / Math.sqrt(headDim);
    const product = this.#product;
    const p = g.node('Softmax', [g.node('Add', [product(q, k, 0, 1, c), this.#in.mask])], { axis: -1 });
    const o = product(p, v, 0, 0);
    const y = g.node('Reshape', [this.#swap(o), g.ints([-1, heads * headDim])]);
    return t.record(y, [q, k, v], dy => {
      const d = this.#swap(g.node('Reshape', [dy, this.#rows(heads)]));
      const along = g.node('ReduceSum', [g.node('Mul', [d, o]), g.ints([-1])], { keepdims: 1 });
      const ds = g.node('Mul', [p, g.node('Sub', [product(d, v, 0, 1), along])]);
      t.give(v, () => product(p, d, 1, 0));
      t.give(q, () => product(ds, k, 0, 0, c));
      t.give(k, () => product(ds, q, 1, 0, c));
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
