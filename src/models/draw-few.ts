// A draw that a few candidates decide: they are looked for one by one, and the others are never ordered.
import type { SamplingRule } from './engine';
import { expDown } from './exp-down';

/** So many are looked for; most draws fall among the first two or three. */
const FEW = 12;
const best = { ids: new Int32Array(FEW), weights: new Float64Array(FEW) };

/**
 * Draws where a few candidates decide it, without ordering the others. What the candidates of top-k weigh together is not known then, but it
 * lies between the weight of those found so far and that of all; most draws fall where both say the same.
 * @param total Σ exp((logit − max) / temperature)
 * @returns null when more than a few would have to be looked at
 */
export function drawAmongFew(
  logits: Float32Array,
  top: number,
  total: number,
  { temperature, topK, topP, minP }: SamplingRule,
  u: number,
): number | null {
  const { ids, weights } = best;
  const max = logits[top]!;
  const colder = 1 / temperature;
  const filtered = topP < 1 || minP > 0;
  const ranked = topK > 0 && topK < logits.length;
  // Top-p is a share of what top-k leaves.
  if (ranked && (filtered || topK < FEW)) return null;
  const wanted = filtered ? topP * total : u * total;
  let last = top;
  for (let count = 0, mass = 0; count < FEW;) {
    const value = logits[last]!;
    const weight = expDown((max - value) * colder);
    // All that are kept are known: a last one too light for min-p, or enough mass for top-p.
    if (count > 0 && weight < minP) return drawFrom(count, u * mass);
    ids[count] = last;
    weights[count++] = weight;
    mass += weight;
    if (!filtered && mass > wanted) {
      if (!ranked) return last;
      const most = drawFrom(count, wanted);
      if (drawFrom(count, u * mass) === most) return most;
    }
    if (filtered && topP < 1 && mass >= wanted) return drawFrom(count, u * mass);
    let next = -1;
    for (let id = 0, highest = -Infinity; id < logits.length; id++) {
      const v = logits[id]!;
      if (v > highest && (v < value || (v === value && id > last))) {
        highest = v;
        next = id;
      }
    }
    if (next < 0) return null;
    last = next;
  }
  return null;
}

function drawFrom(count: number, target: number): number {
  let before = 0;
  for (let i = 0; i < count; i++) {
    before += best.weights[i]!;
    if (before > target) return best.ids[i]!;
  }
  return best.ids[count - 1]!;
}
