// One token from one row of logits: temperature, then top-k, top-p, min-p, then inverse CDF over what is left.
import type { EngineSampling } from './engine';
import { drawAmongFew } from './draw-few';
import { MassBins } from './mass-bins';

export interface Choice {
  token: number;
  /** ln p at temperature 1 over the whole vocabulary, before any filter. */
  logprob: number;
}

export type SamplingRule = Omit<EngineSampling, 'maxNewTokens'>;

/** Σ exp((logit − max) / temperature); what lies 45 below the best weighs less than the rounding of the sum. */
function massOf(logits: Float32Array, max: number, temperature: number): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const below = (logits[i]! - max) / temperature;
    if (!(below < -45)) sum += Math.exp(below);
  }
  return sum;
}

/** ln Σ exp(logits). */
export const logSumExp = (logits: Float32Array, max: number): number => max + Math.log(massOf(logits, max, 1));

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** Vocabularies for which looking for the best a few times is cheaper than ordering all by mass. */
const SMALL = 1024;

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
  const { temperature } = rule;
  if (temperature === 0 || logits.length < SMALL) {
    const mass = massOf(logits, max, 1);
    if (Number.isNaN(mass)) throw new RangeError('the logits hold values that are not numbers');
    const lse = max + Math.log(mass);
    const total = temperature === 1 || temperature === 0 ? mass : massOf(logits, max, temperature);
    const token = temperature === 0 ? top : drawAmongFew(logits, top, total, rule, u);
    if (token !== null) return { token, logprob: logits[token]! - lse };
  }
  return drawByMass(logits, max, rule, u);
}

function drawByMass(logits: Float32Array, max: number, { temperature, topK, topP, minP }: SamplingRule, u: number): Choice {
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
