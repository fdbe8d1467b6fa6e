// The few logits near the best of a large vocabulary: a model that knows what to say leaves all but some hundred out of any draw.
import { expDown } from './exp-down';

/** In units of temperature: what lies deeper weighs less than 6e-6 of the best, each. */
const REACH = 12;
/** One of so many is looked at to tell whether looking for the near ones is worth it. */
const GLANCE = 256;
/** Room, as a share of the vocabulary. */
const SHARE = 8;

let ids = new Uint32Array(0);
let near = new Float32Array(0);

export interface NearBest {
  /** Token ids in order, and their logits. Valid until the next call. */
  ids: Uint32Array;
  logits: Float32Array;
  /** Σ exp((logit − max) / temperature) over the whole vocabulary. */
  total: number;
  /** No logit that was left out is above this. */
  floor: number;
}

/** @returns null when too many are near: then ordering all of them is quicker than looking twice */
export function nearBest(logits: Float32Array, max: number, temperature: number): NearBest | null {
  const n = logits.length;
  const floor = max - REACH * temperature;
  let glimpsed = 0;
  for (let id = 0; id < n; id += GLANCE) if (logits[id]! >= floor) glimpsed++;
  const room = Math.floor(n / SHARE);
  if (glimpsed * GLANCE > room) return null;
  if (ids.length < room) {
    ids = new Uint32Array(room);
    near = new Float32Array(room);
  }
  const colder = 1 / temperature;
  let [total, count] = [0, 0];
  for (let id = 0; id < n; id++) {
    const logit = logits[id]!;
    total += expDown((max - logit) * colder);
    if (logit < floor) continue;
    // What is not a number comes here too: it has made the total one neither.
    if (count === room) return null;
    ids[count] = id;
    near[count++] = logit;
  }
  return { ids, logits: near.subarray(0, count), total, floor };
}
