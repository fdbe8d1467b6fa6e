// One token from one row of logits: temperature, then top-k, top-p, min-p, then inverse CDF over what is left.
import type { EngineSampling } from './engine';
import { MassBins } from './mass-bins';

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

interface Kept {
  count: number;
  mass: number;
}

/** The first ids by rank: at most `most`, until they hold `wanted` of the mass, and none lighter than `minP` of the best. The best stays. */
function keep(bins: MassBins, most: number, wanted: number, minP: number, minLogit: number): Kept {
  const kept: Kept = { count: 0, mass: 0 };
  for (let bin = 0; bin < bins.count; bin++) {
    const size = bins.size[bin]!;
    if (size === 0) continue;
    const whole = bin < bins.count - 1 && kept.count + size <= most && kept.mass + bins.mass[bin]! < wanted && bins.floor(bin) >= minLogit;
    if (whole) {
      kept.count += size;
      kept.mass += bins.mass[bin]!;
      continue;
    }
    for (const id of bins.sorted(bin)) {
      const w = bins.weight(id);
      if (kept.count > 0 && (kept.count >= most || kept.mass >= wanted || w < minP)) return kept;
      kept.count++;
      kept.mass += w;
    }
  }
  return kept;
}

function draw(bins: MassBins, { count, mass }: Kept, u: number): number {
  const target = u * mass;
  let left = count;
  let before = 0;
  let last = -1;
  for (let bin = 0; bin < bins.count && left > 0; bin++) {
    const size = bins.size[bin]!;
    if (size === 0) continue;
    if (size < left && before + bins.mass[bin]! <= target) {
      before += bins.mass[bin]!;
      left -= size;
      continue;
    }
    for (const id of bins.sorted(bin)) {
      if (left-- === 0) break;
      before += bins.weight(id);
      last = id;
      if (before > target) return id;
    }
  }
  // Rounding may leave the target a hair above the sum of all weights.
  return last;
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
  const { temperature, topK, topP, minP } = rule;
  if (temperature === 0) return { token: top, logprob: max - logSumExp(logits, max) };

  const bins = new MassBins(logits, max, temperature);
  if (Number.isNaN(bins.total)) throw new RangeError('the logits hold values that are not numbers');
  const lse = temperature === 1 ? max + Math.log(bins.total) : logSumExp(logits, max);
  let kept: Kept = { count: logits.length, mass: bins.total };
  if (topK > 0 && topK < logits.length) kept = keep(bins, topK, Infinity, 0, -Infinity);
  if (topP < 1 || minP > 0)
    kept = keep(bins, kept.count, topP < 1 ? topP * kept.mass : Infinity, minP, minP > 0 ? max + temperature * Math.log(minP) : -Infinity);
  const token = draw(bins, kept, u);
  return { token, logprob: logits[token]! - lse };
}
