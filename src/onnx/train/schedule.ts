// How the learning rate goes over a run: warm-up, then constant, or down along a line or half a cosine.

export interface Schedule {
  kind: 'constant' | 'linear' | 'cosine';
  /** Highest rate, absolute. */
  peak: number;
  /** Updates until the peak is reached. */
  warmup: number;
  /** Where the decay would end one update after the last, as a share of the peak; 0.1 for `linear` (the gentle recipe), 0 for `cosine`. */
  floor?: number;
}

const floors = { constant: 1, linear: 0.1, cosine: 0 };

/**
 * Rate of update `step`, counted from 0, of `total`. For s < w: peak·(s + 1)/w, so that no update is wasted on rate zero. From then on, with
 * p = (s − w)/(total − w) and floor f, linear is peak·(1 − (1 − f)·p), cosine peak·(f + (1 − f)·(1 + cos πp)/2). A warm-up longer than the
 * run never reaches the peak.
 * @throws RangeError when a number is negative or not finite, or the step lies outside the run
 */
export function learningRate({ kind, peak, warmup, floor = floors[kind] }: Schedule, step: number, total: number): number {
  for (const [name, value] of Object.entries({ peak, warmup, floor }))
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} of the learning rate is ${value}`);
  if (!Number.isInteger(step) || step < 0 || step >= total) throw new RangeError(`update ${step} of ${total}`);
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (kind === 'constant') return peak;
  const done = (step - warmup) / (total - warmup);
  const shape = kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return peak * (floor + (1 - floor) * shape);
}
