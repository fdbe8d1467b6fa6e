// Rows of tokens to the three arrays a training step is fed.

export interface TrainRow {
  ids: readonly number[];
  /** Position of the first token that is learnt (the end of the prompt), at least 1: token 0 is never predicted. */
  from: number;
  /** Relative weight of the row's tokens, 1 by default. */
  weight?: number;
}

/** All arrays [rows × length], row-major. */
export interface Batch {
  rows: number;
  length: number;
  ids: BigInt64Array<ArrayBuffer>;
  /** The token after each position. */
  targets: BigInt64Array<ArrayBuffer>;
  /** 0 on prompt and padding. */
  weights: Float32Array<ArrayBuffer>;
}

/**
 * Pads on the right to the longest row and weights each learnt token by its row's weight over the number of learnt tokens, so that the
 * loss is the mean over tokens.
 * @param tokens divisor when the rows are a part of a larger batch; the number of learnt tokens here by default
 * @throws RangeError when nothing is learnt
 */
export function makeBatch(rows: readonly TrainRow[], pad: number, tokens?: number): Batch {
  const length = Math.max(...rows.map(row => row.ids.length - 1));
  const learnt = rows.reduce((sum, row) => sum + Math.max(0, row.ids.length - Math.max(1, row.from)), 0);
  if (learnt === 0) throw new RangeError('no row has a token to learn');
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(pad));
  const targets = ids.slice();
  const weights = new Float32Array(rows.length * length);
  rows.forEach((row, r) => {
    for (let at = 0; at + 1 < row.ids.length; at++) {
      ids[r * length + at] = BigInt(row.ids[at]!);
      targets[r * length + at] = BigInt(row.ids[at + 1]!);
      if (at + 1 >= row.from) weights[r * length + at] = (row.weight ?? 1) / (tokens ?? learnt);
    }
  });
  return { rows: rows.length, length, ids, targets, weights };
}
