// Masked rows to the arrays a training step is fed.
import type { Batch } from '../../onnx/train/batch';
import type { MaskedRow } from './rows';

/**
 * Pads on the right to the longest row. Every target weighs one over the targets of the whole update, so that the loss of the update's
 * micro-batches sums to the mean over tokens.
 * @param targets of the whole update
 */
export function maskedBatch(rows: readonly MaskedRow[], pad: number, targets: number): Batch {
  const length = Math.max(...rows.map(row => row.tokens.length - 1));
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(pad));
  const next = ids.slice();
  const weights = new Float32Array(rows.length * length);
  rows.forEach(({ tokens, mask }, r) => {
    for (let at = 0; at + 1 < tokens.length; at++) {
      ids[r * length + at] = BigInt(tokens[at]!);
      next[r * length + at] = BigInt(tokens[at + 1]!);
      if (mask[at + 1]) weights[r * length + at] = 1 / targets;
    }
  });
  return { rows: rows.length, length, ids, targets: next, weights };
}
