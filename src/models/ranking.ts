// Token ids by logit descending, then id, sorted only as far as somebody asks: a draw rarely leaves the first few dozen of 150,000.

/** Depth of a slice below the slice before it, in units of temperature: e^-6 of the best token's weight and less comes later. */
const SLICE = 6;
/** Room for ids beside 32 bits of logit in the 53 bits of a number. */
const IDS = 2 ** 21;

/** Grows with the logit, as floats compare; both zeros are one. */
const order = (bits: number): number => (bits === -0x80000000 ? 0 : bits ^ ((bits >> 31) & 0x7fffffff));

let scratch = new Float64Array(256);

export class Ranking {
  readonly #logits: Float32Array;
  readonly #bits: Int32Array;
  readonly #step: number;
  #above = Infinity;
  #floor: number;
  #slices: { from: number; keys: Float64Array }[] = [];
  #count = 0;
  #passes = 0;

  constructor(logits: Float32Array, max: number, temperature: number) {
    this.#logits = logits;
    this.#bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
    this.#step = SLICE * temperature;
    this.#floor = max;
  }

  /** Id at a rank, 0 = best. */
  at(rank: number): number {
    while (rank >= this.#count) this.#extend();
    let slice = this.#slices.length - 1;
    while (this.#slices[slice]!.from > rank) slice--;
    const { from, keys } = this.#slices[slice]!;
    return keys[rank - from]! % IDS;
  }

  /** Sorts the next slice: logits from the last floor down to the next one. */
  #extend(): void {
    const [logits, above] = [this.#logits, this.#above];
    // Later slices double in depth, so a flat or very long tail takes few passes.
    this.#floor = this.#passes > 12 ? -Infinity : this.#floor - this.#step * (this.#passes < 3 ? 1 : 2 ** this.#passes);
    this.#passes++;
    const floor = this.#floor;
    if (scratch.length < logits.length) scratch = new Float64Array(logits.length);
    let n = 0;
    for (let id = 0; id < logits.length; id++) {
      const logit = logits[id]!;
      // One number per id that sorts without a comparator: the logit upside down, then the id.
      if (logit >= floor && logit < above) scratch[n++] = (0x7fffffff - order(this.#bits[id]!)) * IDS + id;
    }
    const keys = scratch.slice(0, n).sort();
    if (n) this.#slices.push({ from: this.#count, keys });
    this.#count += n;
    this.#above = floor;
    if (floor === -Infinity && this.#count < logits.length) throw new RangeError('the logits hold values that are not numbers');
  }
}
