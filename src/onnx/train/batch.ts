// Rows of tokens to the three arrays a training step is fed.

export interface TrainRow {
  ids: readonly number[];
  /** 1 where the token is learnt; that of token 0 is ignored, since nothing stands before it. */
  mask?: readonly number[];
  /** Without a mask: position of the first token that is learnt (the end of the prompt); all after it are. */
  from?: number;
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

const isLearnt = ({ mask, from }: TrainRow, at: number): boolean => at > 0 && (mask ? !!mask[at] : at >= (from ?? 1));

/**
 * Learnt tokens of a row.
 * @throws RangeError when there are none, or the mask is not as long as the row
 */
function learntTokens(row: TrainRow, index: number): number {
  if (row.mask && row.mask.length !== row.ids.length)
    throw new RangeError(`row ${index} has ${row.ids.length} tokens and a mask of ${row.mask.length}`);
  const count = row.ids.reduce((sum, _, at) => sum + Number(isLearnt(row, at)), 0);
  if (count === 0) throw new RangeError(`row ${index} has no token to learn`);
  return count;
}

/**
 * Pads on the right to the longest row and weights each learnt token by its row's weight over the number of learnt tokens, so that the
 * loss is the mean over tokens.
 * @param tokens divisor when the rows are a part of a larger batch; the number of learnt tokens here by default
 * @throws RangeError when there are no rows, or one of them has nothing to learn
 */
export function makeBatch(rows: readonly TrainRow[], pad: number, tokens?: number): Batch {
  if (!rows.length) throw new RangeError('a batch of no rows');
  const learnt = rows.reduce((sum, row, r) => sum + learntTokens(row, r), 0);
  const length = Math.max(...rows.map(row => row.ids.length - 1));
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(pad));
  const targets = ids.slice();
  const weights = new Float32Array(rows.length * length);
  rows.forEach((row, r) => {
    for (let at = 0; at + 1 < row.ids.length; at++) {
      ids[r * length + at] = BigInt(row.ids[at]!);
      targets[r * length + at] = BigInt(row.ids[at + 1]!);
      if (isLearnt(row, at + 1)) weights[r * length + at] = (row.weight ?? 1) / (tokens ?? learnt);
    }
  });
  return { rows: rows.length, length, ids, targets, weights };
}

/**
 * The rows of one update in parts of at most `size`, each weighted by the learnt tokens of the whole: losses and gradients of the parts add
 * up to those of `makeBatch(rows, pad)`.
 * @throws RangeError as `makeBatch`, or when `size` is not a positive integer
 */
export function microBatches(rows: readonly TrainRow[], size: number, pad: number): Batch[] {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`micro-batches of ${size} rows`);
  const tokens = rows.reduce((sum, row, r) => sum + learntTokens(row, r), 0);
  if (!rows.length) throw new RangeError('a batch of no rows');
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => makeBatch(rows.slice(i * size, (i + 1) * size), pad, tokens));
}
