// Token ids by logit descending, then id, sorted only as far as somebody asks: a draw rarely leaves the first few dozen of 150,000.

/** Depth of a slice below the slice before it, in units of temperature: e^-6 of the best token's weight and less comes later. */
const SLICE = 6;

export class Ranking {
  readonly #logits: Float32Array;
  readonly #step: number;
  #floor: number;
  #sorted: number[] = [];

  constructor(logits: Float32Array, max: number, temperature: number) {
    this.#logits = logits;
    this.#step = SLICE * temperature;
    this.#floor = max;
    this.#extend(max, Infinity);
  }

  /** Id at a rank, 0 = best. */
  at(rank: number): number {
    while (rank >= this.#sorted.length) {
      const above = this.#floor;
      // Later slices double in depth, so a flat or very long tail takes few passes.
      const floor = this.#sorted.length === 0 ? above : above - this.#step * (this.#passes++ < 2 ? 1 : 2 ** this.#passes);
      this.#extend(this.#passes > 12 ? -Infinity : floor, above);
    }
    return this.#sorted[rank]!;
  }
  #passes = 0;

  /** Adds ids with floor ≤ logit < above. */
  #extend(floor: number, above: number): void {
    const logits = this.#logits;
    const slice: number[] = [];
    for (let i = 0; i < logits.length; i++) {
      const logit = logits[i]!;
      if (logit >= floor && logit < above) slice.push(i);
    }
    if (slice.length > 1) slice.sort((a, b) => logits[b]! - logits[a]! || a - b);
    for (const id of slice) this.#sorted.push(id);
    this.#floor = floor;
    if (floor === -Infinity && this.#sorted.length < logits.length) throw new RangeError('the logits hold values that are not numbers');
  }
}
