// Which rows each update of a training sees: a function of the job alone. The page computes it again to show the rows behind a loss, so it is
// the one part of this room besides the tuner's start that the page may import; with another rule the rows of recorded loops would be wrong.
import type { Hyperparameters } from './engine';
import { uniform } from './train/random';

type Passes = Pick<Hyperparameters, 'max_steps' | 'n_epochs' | 'batch_size'>;

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
export function batchOrder(rows: number, { batch_size, n_epochs, max_steps }: Passes, seed: number): (step: number) => number[] {
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
