// The probability mass of a row of logits in bins of similar logits, best first: draws and filters then sort one or two bins, not everything.

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

let weights = new Float64Array(0);
let bins = new Uint16Array(0);
const masses = new Float64Array(1024);
const sizes = new Uint32Array(1024);

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
    return this.#max - (bin + 2) * this.#width;
  }
  readonly #max: number;
  readonly #width: number;
  readonly #logits: Float32Array;

  constructor(logits: Float32Array, max: number, temperature: number) {
    const n = logits.length;
    if (weights.length < n) {
      weights = new Float64Array(n);
      bins = new Uint16Array(n);
    }
    this.#logits = logits;
    this.count = n < 1024 ? 48 : 1024;
    masses.fill(0, 0, this.count);
    sizes.fill(0, 0, this.count);
    const width = (DEPTH * temperature) / this.count;
    this.#max = max;
    this.#width = width;
    const last = this.count - 1;
    const deepest = 45 * temperature;
    const [colder, perBin] = [1 / temperature, 1 / width];
    let total = 0;
    for (let id = 0; id < n; id++) {
      const below = max - logits[id]!;
      // What lies deeper weighs less than the rounding of the total.
      const w = below > deepest ? 0 : Math.exp(-below * colder);
      // NaN falls into the last bin, and its weight makes the total NaN.
      const depth = below * perBin;
      const bin = depth < last ? depth | 0 : last;
      weights[id] = w;
      bins[id] = bin;
      masses[bin]! += w;
      sizes[bin]!++;
      total += w;
    }
    this.total = total;
  }

  weight(id: number): number {
    return weights[id]!;
  }

  /** Ids of a bin by logit descending, then id. */
  sorted(bin: number): Float64Array {
    const logits = this.#logits;
    const bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
    // One number per id that sorts without a comparator: the logit upside down, then the id.
    const keys = new Float64Array(this.size[bin]!);
    for (let id = 0, n = 0; n < keys.length; id++) if (bins[id] === bin) keys[n++] = (0x7fffffff - order(bits[id]!)) * IDS + id;
    if (keys.length > 1) sortNumbers(keys);
    for (let i = 0; i < keys.length; i++) keys[i] = keys[i]! % IDS;
    return keys;
  }
}
