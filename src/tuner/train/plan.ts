// What a job will do before it does it: how many updates, and which rows each of them sees.
import { updatesOf } from '../../finetune/updates';
import type { LlamaConfig } from '../../onnx/llama';
import type { Hyperparameters } from '../engine';
import { uniform } from './random';

type Counted = Pick<Hyperparameters, 'max_steps' | 'n_epochs' | 'batch_size'>;

/** Updates that a job over so many rows makes. */
export const stepsOf = (rows: number, { max_steps, n_epochs, batch_size }: Counted): number =>
  updatesOf(rows, { steps: max_steps, epochs: n_epochs, batchSize: batch_size });

/** 0 … rows − 1 in the order of an epoch (Fisher–Yates). */
function orderOf(rows: number, seed: number, epoch: number): number[] {
  const draw = uniform(seed, 'order', epoch);
  const order = Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(draw(i) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * The rows of update `step` (from 1). Epochs follow each other without a gap, each a drawing of every row once; where epochs are
 * counted, the last update takes what is left.
 */
export function batchOrder(rows: number, hyperparameters: Hyperparameters, seed: number): (step: number) => number[] {
  const { batch_size, n_epochs, max_steps } = hyperparameters;
  const end = max_steps === null ? rows * n_epochs : max_steps * batch_size;
  const orders = new Map<number, number[]>();
  const order = (epoch: number): number[] => {
    let found = orders.get(epoch);
    if (!found) {
      // A batch may reach over the end of an epoch, hardly ever over more.
      if (orders.size > 1) orders.clear();
      orders.set(epoch, (found = orderOf(rows, seed, epoch)));
    }
    return found;
  };
  return step => {
    const from = (step - 1) * batch_size;
    const length = Math.max(0, Math.min(batch_size, end - from));
    return Array.from({ length }, (_, i) => order(Math.floor((from + i) / rows))[(from + i) % rows]!);
  };
}

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
