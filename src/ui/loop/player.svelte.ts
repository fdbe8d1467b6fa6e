// The clock of a replay. What is shown is the fold of the events up to its position, as it was when the loop ran.
import { foldLoopAll, type LoopState } from '../../experiment/fold';
import type { LoopEvent } from '../../experiment/records';
import { stopsOf, type Stop } from './reel';

export const speeds = [0.5, 1, 2, 4] as const;
export type Speed = (typeof speeds)[number];

/** Milliseconds a stop stays at normal speed; an evaluation is worth a longer look. */
const stay = { any: 420, measured: 1600 };

export class LoopPlayer {
  readonly stops: readonly Stop[];
  #at = $state(0);
  #playing = $state(false);
  speed = $state<Speed>(1);
  readonly state: LoopState = $derived.by(() => foldLoopAll(this.events.slice(0, this.stops[this.#at]?.events ?? 0)));

  /** The loop as it ended. */
  readonly whole: LoopState;

  constructor(readonly events: readonly LoopEvent[]) {
    this.whole = foldLoopAll(events);
    this.stops = stopsOf(events);
    // The base society has been measured: a replay that begins with empty charts shows nothing of what is to come.
    this.#at = Math.max(
      0,
      this.stops.findIndex(({ measured }) => measured),
    );
  }

  /** Index into `stops`. */
  get at(): number {
    return this.#at;
  }
  get stop(): Stop | null {
    return this.stops[this.#at] ?? null;
  }
  get playing(): boolean {
    return this.#playing;
  }
  get last(): number {
    return this.stops.length - 1;
  }
  get atEnd(): boolean {
    return this.#at >= this.last;
  }

  play(): void {
    if (this.atEnd) this.#at = 0;
    this.#playing = true;
  }
  pause(): void {
    this.#playing = false;
  }
  toggle(): void {
    if (this.#playing) this.pause();
    else this.play();
  }
  /** Any jump by hand stops the clock. */
  seek(at: number): void {
    this.#playing = false;
    this.#at = Math.max(0, Math.min(at, this.last));
  }
  toEnd(): void {
    this.seek(this.last);
  }
  /** To the next or the previous evaluation. */
  stepIteration(direction: 1 | -1): void {
    const marks = this.stops.map((stop, i) => (stop.measured ? i : -1)).filter(i => i >= 0);
    this.seek(direction > 0 ? (marks.find(i => i > this.#at) ?? this.last) : (marks.findLast(i => i < this.#at) ?? 0));
  }

  /** Runs the clock while it plays; call inside an effect and return its result as the teardown. */
  run(): (() => void) | undefined {
    if (!this.#playing) return undefined;
    const wait = (this.stop?.measured ? stay.measured : stay.any) / this.speed;
    const timer = setTimeout(() => {
      this.#at = Math.min(this.last, this.#at + 1);
      if (this.atEnd) this.#playing = false;
    }, wait);
    return () => clearTimeout(timer);
  }
}
