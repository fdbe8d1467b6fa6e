// The clock of a replay. Everything on the stage is computed from one number: the position in milliseconds.
import type { RunConfig } from '../../debate/config';
import type { QuestionState } from '../../debate/fold';
import { buildReel, frameAt, positionAt, roundStop, turnStop } from './reel';

export const speeds = [0.25, 0.5, 1, 2, 4] as const;
export type Speed = (typeof speeds)[number];

/** Under reduced motion the replay goes from answer to answer and rests this long at each, in milliseconds at normal speed. */
const rest = 1500;

export class Player {
  readonly #whole: () => QuestionState;
  readonly #config: () => RunConfig;
  #at = $state(0);
  #playing = $state(false);
  #jumps = $state(0);
  speed = $state<Speed>(1);
  /** Follow one agent only; null = all. */
  agent = $state<number | null>(null);

  readonly reel = $derived.by(() => buildReel(this.#whole(), this.#config()));
  readonly frame = $derived.by(() => frameAt(this.reel, this.#whole(), this.at));
  readonly position = $derived.by(() => positionAt(this.reel, this.#config(), this.at));

  constructor(whole: () => QuestionState, config: () => RunConfig) {
    this.#whole = whole;
    this.#config = config;
  }

  get at(): number {
    return Math.min(this.#at, this.reel.duration);
  }
  get playing(): boolean {
    return this.#playing;
  }
  get atEnd(): boolean {
    return this.at >= this.reel.duration;
  }

  /** From the beginning when it stands at the end. */
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

  /** How often the position was set: not by the clock and not by a step, which lets something happen. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Any jump by hand stops the clock. */
  seek(at: number): void {
    this.#jumps++;
    this.#step(at);
  }
  toEnd(): void {
    this.seek(Infinity);
  }
  stepTurn(direction: 1 | -1): void {
    this.#step(turnStop(this.reel, this.at, direction, this.agent));
  }
  stepRound(direction: 1 | -1): void {
    this.#step(roundStop(this.reel, this.at, direction));
  }

  /** All, A, B, … and round again. */
  stepAgent(direction: 1 | -1): void {
    const n = this.#config().seats.length;
    const now = this.agent === null ? 0 : this.agent + 1;
    const next = (now + direction + n + 1) % (n + 1);
    this.agent = next === 0 ? null : next - 1;
  }

  /**
   * Runs the clock while it plays; call inside an effect and return its result as the teardown.
   * @param steps true = from answer to answer instead of word by word
   */
  run(steps: boolean): (() => void) | undefined {
    if (!this.#playing) return undefined;
    if (steps) {
      const timer = setInterval(() => this.#advance(turnStop(this.reel, this.at, 1, this.agent) - this.at), rest / this.speed);
      return () => clearInterval(timer);
    }
    let before: number | null = null;
    let request = requestAnimationFrame(function tick(this: void, now: number) {
      // A tab that was hidden comes back to where it was, not to where it would have been.
      if (before !== null) advance(Math.min(now - before, 100));
      before = now;
      request = requestAnimationFrame(tick);
    });
    const advance = (ms: number) => this.#advance(ms * this.speed);
    return () => cancelAnimationFrame(request);
  }

  #step(at: number): void {
    this.#playing = false;
    this.#at = Math.max(0, Math.min(at, this.reel.duration));
  }

  #advance(ms: number): void {
    this.#at = Math.min(this.at + ms, this.reel.duration);
    if (this.#at >= this.reel.duration) this.#playing = false;
  }
}
