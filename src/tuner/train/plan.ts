// What a job will do before it does it: how many updates, and in which parts the rows of each go through the model.
import { updatesOf } from '../../finetune/updates';
import type { LlamaConfig } from '../../onnx/llama';
import type { Hyperparameters } from '../engine';

type Counted = Pick<Hyperparameters, 'max_steps' | 'n_epochs' | 'batch_size'>;

/** Updates that a job over so many rows makes. */
export const stepsOf = (rows: number, { max_steps, n_epochs, batch_size }: Counted): number =>
  updatesOf(rows, { steps: max_steps, epochs: n_epochs, batchSize: batch_size });

/** At most this many tokens, padding included, go through the model at once, whatever the rows: that bounds the memory of a step. */
export interface MicroLimits {
  rows: number;
  tokens: number;
}

/** Rows of like length together, so that little is padded; a row longer than the limit goes alone. */
export function microBatches<T extends { tokens: readonly number[] }>(batch: readonly T[], limits: MicroLimits): T[][] {
  const sorted = batch
    .map((row, i) => ({ row, i }))
    .sort((a, b) => b.row.tokens.length - a.row.tokens.length || a.i - b.i)
    .map(({ row }) => row);
  const parts: T[][] = [];
  for (const row of sorted) {
    const part = parts.at(-1);
    // The first row of a part is its longest.
    if (part && part.length < limits.rows && (part.length + 1) * part[0]!.tokens.length <= limits.tokens) part.push(row);
    else parts.push([row]);
  }
  return parts;
}

/**
 * Tokens that may go through the model at once in so many bytes, from the activations that a step keeps for its gradients.
 * @param length of the longest row: attention needs as much again for every token of the row
 */
export function tokensAtOnce({ layers, hidden, ff, heads, vocab }: LlamaConfig, length: number, bytes: number): number {
  const floats = layers * (14 * hidden + 7 * ff + 4 * heads * length) + 4 * vocab;
  // Half as much again was measured on the built-in model: gradients and what the runtime keeps for itself.
  return Math.max(1, Math.floor(bytes / (6 * floats)));
}
