// How fast the trainings of an iteration go together, by the clock of whoever trains.

/** Seconds over which the pace is measured: what was long ago says little about what is left. */
const window = 60;
/** Seconds of steps below which a pace is a guess: some endpoints count whole ones. */
const leastSpan = 2;

/**
 * Steps of all jobs in the order they are told, which need not be the order they were made: after a reload the past of each job is told at
 * once, job by job. Counted by when they were made, that backlog is no haste.
 */
export class StepPace {
  /** Ascending. */
  #times: number[] = [];

  /** @param at seconds */
  add(at: number): void {
    const before = this.#times.findLastIndex(time => time <= at) + 1;
    this.#times.splice(before, 0, at);
    const from = this.#times.findIndex(time => time >= this.#times.at(-1)! - window);
    this.#times.splice(0, from);
  }

  /** Seconds that so many steps will take; null while there is too little to tell. */
  secondsFor(steps: number): number | null {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined || last - first < leastSpan) return null;
    return (steps * (last - first)) / (this.#times.length - 1);
  }
}
