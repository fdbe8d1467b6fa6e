// The probability mass of a row of logits in bins of similar logits, best first: draws and filters then sort one or two bins, not everything.

import { expDown, STEPS } from './exp-down';

/** Depth of all bins together, in units of temperature; what lies deeper shares the last one. */
const DEPTH = 24;
/** Room for ids beside 32 bits of logit in the 53 bits of a number. */
const IDS = 2 ** 21;

/** Grows with the logit, as floats compare; both zeros are one. */
const order = (bits: number): number => (bits === -0x80000000 ? 0 : bits ^ ((bits >> 31) & 0x7fffffff));

/** A bin holds a handful: calling the platform's sort takes longer than sorting them. */
function sortNumbers(keys: Float64Array): void {
  if (keys.length > 24) return void keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let at = i - 1;
    for (; at >= 0 && keys[at]! > key; at--) keys[at + 1] = keys[at]!;
    keys[at + 1] = key;
  }
}

/** Bins of a large vocabulary per unit, and of a small one. */
const [FINE, COARSE] = [STEPS, 2];
/** So many of a large bin are found by insertion; more of them by sorting it. */
const FEW = 64;

/** Into the place of the last one, if it comes before that. */
function insert(keys: Float64Array, key: number): void {
  let at = keys.length - 1;
  if (keys[at]! <= key) return;
  for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
  keys[at] = key;
}

let bins = new Uint16Array(0);
const masses = new Float64Array(DEPTH * FINE);
const sizes = new Uint32Array(DEPTH * FINE);

/** Valid until the next one is made: the buffers are shared, because a batch makes one per row and step. */
export class MassBins {
  readonly count: number;
  /** Of each bin: Σ exp((logit − max) / temperature), and how many ids. */
  readonly mass = masses;
  readonly size = sizes;
  readonly total: number;
  /** No logit of a bin before the last is below this. */
  floor(bin: number): number {
    // One bin of slack for the rounding of the product below.
    return this.#max - (bin + 2) / (this.#perUnit * this.#colder);
  }
  readonly #max: number;
  readonly #colder: number;
  readonly #perUnit: number;
  readonly #logits: Float32Array;

  constructor(logits: Float32Array, max: number, temperature: number) {
    const n = logits.length;
    if (bins.length < n) bins = new Uint16Array(n);
    const perUnit = n < 1024 ? COARSE : FINE;
    const colder = 1 / temperature;
    this.#logits = logits;
    this.#max = max;
    this.#colder = colder;
    this.#perUnit = perUnit;
    this.count = DEPTH * perUnit;
    masses.fill(0, 0, this.count);
    sizes.fill(0, 0, this.count);
    const last = this.count - 1;
    let [total, deep, deepest] = [0, 0, 0];
    for (let id = 0; id < n; id++) {
      const x = (max - logits[id]!) * colder;
      const w = expDown(x);
      const depth = x * perUnit;
      // Most of a large vocabulary lies deep: its sum is kept out of the array, where each addition would wait for the one before.
      // What is not a number lands there too, and makes the total one neither.
      if (depth < last) {
        const bin = depth | 0;
        bins[id] = bin;
        masses[bin]! += w;
        sizes[bin]!++;
        total += w;
      } else {
        bins[id] = last;
        deep += w;
        deepest++;
      }
    }
    masses[last] = deep;
    sizes[last] = deepest;
    total += deep;
    this.total = total;
  }

  weight(id: number): number {
    return expDown((this.#max - this.#logits[id]!) * this.#colder);
  }

  /** Ids of a bin by logit descending, then id: all, or at least the first `most`. */
  sorted(bin: number, most = Infinity): Float64Array {
    const logits = this.#logits;
    const bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
    const size = this.size[bin]!;
    // One number per id that sorts without a comparator: the logit upside down, then the id.
    const keyOf = (id: number): number => (0x7fffffff - order(bits[id]!)) * IDS + id;
    const keys = new Float64Array(most <= FEW && most < size ? most : size);
    if (keys.length < size) {
      keys.fill(Infinity);
      for (let id = 0, n = 0; n < size; id++) if (bins[id] === bin && ++n) insert(keys, keyOf(id));
    } else {
      for (let id = 0, n = 0; n < size; id++) if (bins[id] === bin) keys[n++] = keyOf(id);
      if (size > 1) sortNumbers(keys);
    }
    for (let i = 0; i < keys.length; i++) keys[i] = keys[i]! % IDS;
    return keys;
  }
}
