// One token from one row of logits: temperature, then top-k, top-p, min-p, then inverse CDF over what is left.
import type { EngineSampling } from './engine';
import { Ranking } from './ranking';

export interface Choice {
  token: number;
  /** ln p at temperature 1 over the whole vocabulary, before any filter. */
  logprob: number;
}

export type SamplingRule = Omit<EngineSampling, 'maxNewTokens'>;

/** ln Σ exp(logits). */
export function logSumExp(logits: Float32Array, max: number): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return max + Math.log(sum);
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/**
 * Candidates stand by logit descending, then token id, so equal draws give equal tokens whatever computed the order.
 * @param u in [0, 1)
 * @throws RangeError when the logits hold no number to choose
 */
export function sample(logits: Float32Array, rule: SamplingRule, u: number): Choice {
  const top = argmax(logits);
  const max = logits[top]!;
  if (!Number.isFinite(max)) throw new RangeError(`the model's best logit is ${max}`);
  const lse = logSumExp(logits, max);
  const choice = (token: number): Choice => ({ token, logprob: logits[token]! - lse });
  const { temperature, topK, topP, minP } = rule;
  if (temperature === 0) return choice(top);

  const weight = (logit: number): number => Math.exp((logit - max) / temperature);
  const ranking = new Ranking(logits, max, temperature);
  let total = 0;
  let limit = logits.length;
  if (topK > 0 && topK < logits.length) {
    limit = topK;
    for (let i = 0; i < limit; i++) total += weight(logits[ranking.at(i)]!);
  } else if (temperature === 1) total = Math.exp(lse - max);
  else for (let i = 0; i < logits.length; i++) total += weight(logits[i]!);

  if (topP < 1 || minP > 0) {
    // The smallest prefix that holds topP of the mass; within it, tokens not too far below the best. The best always stays.
    const wanted = topP < 1 ? topP * total : Infinity;
    let mass = 0;
    let kept = 0;
    while (kept < limit && (kept === 0 || mass < wanted)) {
      const w = weight(logits[ranking.at(kept)]!);
      if (kept > 0 && w < minP) break;
      mass += w;
      kept++;
    }
    limit = kept;
    total = mass;
  }

  const target = u * total;
  let mass = 0;
  for (let i = 0; i < limit; i++) {
    const token = ranking.at(i);
    mass += weight(logits[token]!);
    if (mass > target) return choice(token);
  }
  // Rounding may leave the target a hair above the sum of all weights.
  return choice(ranking.at(limit - 1));
}
