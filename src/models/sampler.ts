// One token from one row of logits: temperature, then top-k, top-p, min-p, then inverse CDF over what is left.
import type { SamplingRule } from './engine';
import { drawAmongFew } from './draw-few';
import { expDown } from './exp-down';
import { MassBins } from './mass-bins';
import { nearBest, type NearBest } from './near-best';

export interface Choice {
  token: number;
  /** ln p at temperature 1 over the whole vocabulary, before any filter. */
  logprob: number;
}

/** Σ exp((logit − max) / temperature) */
function massOf(logits: Float32Array, max: number, temperature: number): number {
  const colder = 1 / temperature;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += expDown((max - logits[i]!) * colder);
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
    for (const id of bins.sorted(bin, most - kept.count + 1)) {
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
    for (const id of bins.sorted(bin, left)) {
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

function drawByMass(logits: Float32Array, max: number, rule: SamplingRule, u: number): Choice {
  const near = nearBest(logits, max, rule.temperature);
  if (near) {
    const token = drawNear(near, logits.length, max, rule, u);
    if (token !== null) return { token, logprob: logits[token]! - logOf(logits, max, rule.temperature, near.total) };
  }
  const bins = new MassBins(logits, max, rule.temperature);
  const token = draw(bins, filtered(bins, logits.length, bins.total, max, rule), u);
  return { token, logprob: logits[token]! - logOf(logits, max, rule.temperature, bins.total) };
}

/** ln Σ exp(logits), where the sum at this temperature is known. @throws RangeError when that is no number */
function logOf(logits: Float32Array, max: number, temperature: number, total: number): number {
  if (Number.isNaN(total)) throw new RangeError('the logits hold values that are not numbers');
  return temperature === 1 ? max + Math.log(total) : logSumExp(logits, max);
}

/** @param size of the vocabulary @param total its mass */
function filtered(bins: MassBins, size: number, total: number, max: number, { temperature, topK, topP, minP }: SamplingRule): Kept {
  let kept: Kept = { count: size, mass: total };
  if (topK > 0 && topK < size) kept = keep(bins, topK, Infinity, 0, -Infinity);
  if (topP === 1 && minP === 0) return kept;
  return keep(bins, kept.count, topP < 1 ? topP * kept.mass : Infinity, minP, minP > 0 ? max + temperature * Math.log(minP) : -Infinity);
}

/** A draw that falls among the near ones whatever the others hold. @returns null when it need not */
function drawNear(near: NearBest, size: number, max: number, rule: SamplingRule, u: number): number | null {
  const { temperature, topK, topP, minP } = rule;
  const bins = new MassBins(near.logits, max, temperature);
  const ranked = topK > 0 && topK < size;
  if (ranked && topK > near.logits.length) return null;
  // Sums in another order differ in their last bits; a hair above, and the last ones kept may be among the others.
  const held = bins.total * (1 - 1e-9);
  const untilLight = minP > 0 && max + temperature * Math.log(minP) >= near.floor;
  if (!ranked && !untilLight && (topP < 1 ? topP : u) * near.total >= held) return null;
  return near.ids[draw(bins, filtered(bins, size, near.total, max, rule), u)]!;
}
