// Direct preference optimisation (DPO, arXiv 2305.18290) on the graphs of supervised training: its gradient is theirs with other weights.
import type { TrainRow } from './batch';

/** Σ ln p of the learnt tokens of both answers to one prompt, in nats. */
export interface PairLikelihood {
  chosen: number;
  rejected: number;
}

export interface PreferenceTerm {
  /** −ln σ(margin); ln 2 where nothing has moved. */
  loss: number;
  /** β·[(chosen now − before) − (rejected now − before)]: above 0 the chosen answer gained more. */
  margin: number;
  /** −d loss / d ln p(chosen) = d loss / d ln p(rejected), in (0, β). */
  slope: number;
}

/** @param before under the model that training began with @param beta how dearly it costs to move away from it */
export function preferenceTerm(now: PairLikelihood, before: PairLikelihood, beta: number): PreferenceTerm {
  const margin = beta * (now.chosen - before.chosen - (now.rejected - before.rejected));
  // Both forms stay finite however far the margin is from 0.
  const loss = margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
  return { loss, margin, slope: beta * (margin > 0 ? Math.exp(-margin) / (1 + Math.exp(-margin)) : 1 / (1 + Math.exp(margin))) };
}

/** A weight of 0 would take a token out of the graph, and a batch of none cannot be run. */
const least = 1e-30;

/**
 * Rows whose Σ weight·nll has the gradient of the mean loss of the pairs: the graph takes weights below 0 as well. For `makeBatch` with
 * `tokens` = 1.
 * @param pairs number of pairs in the whole update
 */
export const weighted = <R extends Pick<TrainRow, 'ids' | 'mask'>>(
  row: R,
  side: keyof PairLikelihood,
  slope: number,
  pairs: number,
): TrainRow => ({
  ...row,
  weight: (side === 'chosen' ? 1 : -1) * Math.max(least, slope / pairs),
});
