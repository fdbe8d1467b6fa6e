// The loss on the learnt tokens: cross-entropy with its derivative, and what else can be read off the same numbers.
import { DataType } from '../proto';
import type { Tape } from './tape';

export interface Loss {
  /** −log of the probability of each target, [rows, 1]. */
  nll: string;
  /** 1 where no token is likelier than the target, else 0, [rows, 1]. */
  hits(): string;
  /** Σ weight·nll, a scalar; weights [rows, 1]. */
  total(weights: string): string;
}

/**
 * nll = log Σ exp(z − max z) − (z[target] − max z), and dz = weight·(softmax(z) − onehot(target)). Written out, because LogSoftmax has no
 * kernel on WebGPU.
 * @param logits [rows, vocab]; targets [rows, 1]
 */
export function crossEntropy(t: Tape, logits: string, targets: string): Loss {
  const g = t.graph;
  const last = g.ints([-1]);
  const below = g.node('Sub', [logits, g.node('ReduceMax', [logits, last], { keepdims: 1 })]);
  const powers = g.node('Exp', [below]);
  const sum = g.node('ReduceSum', [powers, last], { keepdims: 1 });
  const picked = g.node('GatherElements', [below, targets], { axis: 1 });
  const nll = g.node('Sub', [g.node('Log', [sum]), picked]);
  return {
    nll,
    hits: () => g.node('Cast', [g.node('Equal', [picked, g.scalar(0)])], { to: DataType.float }),
    total: weights =>
      t.record(g.node('ReduceSum', [g.node('Mul', [nll, weights])], { keepdims: 0 }), [logits], () =>
        t.give(logits, () =>
          g.node('ScatterElements', [g.node('Mul', [powers, g.node('Div', [weights, sum])]), targets, g.node('Neg', [weights])], {
            axis: 1,
            reduction: 'add',
          }),
        ),
      ),
  };
}
