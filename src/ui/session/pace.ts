// How fast something goes and how long it will take, from what has been seen so far. Says nothing until it can say something true.

export interface Pace {
  /** Units per second over the recent past, or null while there is too little to tell. */
  rate: number | null;
  secondsLeft: number | null;
}

interface Sample {
  at: number;
  done: number;
}

/** Keeps the samples of the last `windowMs`; older speed says little about what is left. */
export class PaceMeter {
  #samples: Sample[] = [];

  constructor(
    private readonly windowMs = 15_000,
    private readonly leastMs = 400,
  ) {}

  /** @param at milliseconds on any steady clock */
  add(at: number, done: number): void {
    this.#samples.push({ at, done });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > this.windowMs) this.#samples.shift();
  }

  /** Time that passes while nothing is meant to happen (a pause) is not slowness. */
  reset(): void {
    this.#samples = [];
  }

  pace(total: number): Pace {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - first.at < this.leastMs || last.done <= first.done) return { rate: null, secondsLeft: null };
    const rate = ((last.done - first.done) / (last.at - first.at)) * 1000;
    return { rate, secondsLeft: Math.max(0, (total - last.done) / rate) };
  }
}

/** `8 s`, `2 min 5 s`, `1 h 4 min`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  const minutes = Math.ceil(whole / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Decimal units, as browsers and hubs count: `4.2 MB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
