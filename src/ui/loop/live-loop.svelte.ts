// One loop that runs in this tab: whether it goes on, how far, and why it stopped.
// Facts go to the journal first and to the screen second, so a reload at any moment finds a loop that can be gone on with.
import type { LoopStart, LoopState } from '../../experiment/fold';
import type { LoopPorts } from '../../experiment/ports';
import { stages, type LiveLoopEvent, type LoopEvent, type Stage } from '../../experiment/records';
import type { EngineFault } from '../../models/engine';
import { asFault } from '../session/engine-host.svelte';
import type { Schedule } from '../session/frames';
import type { ByHand } from './by-hand.svelte';
import { LoopJournal, type JournalPorts } from './loop-journal';
import { goalOf, positionOf } from './progress';
import { Seen, type Losses } from './seen.svelte';

export type LoopPhase = 'running' | 'pausing' | 'paused' | 'finished' | 'failed';

/** The experiment room's `runLoop`, loaded when the first loop runs. */
export type RunLoop = (options: {
  start: LoopStart;
  state: LoopState;
  ports: LoopPorts;
  iterations: number;
  onFailure?: 'stop' | 'keep';
  signal: AbortSignal;
}) => Promise<LoopState>;

export interface LiveLoopDeps extends JournalPorts {
  run: RunLoop;
  /** Where weights are given to it by hand. */
  byHand: ByHand;
  ports: (hooks: { append: (event: LoopEvent) => Promise<void>; emit: (event: LiveLoopEvent) => void; steal: boolean }) => LoopPorts;
  release: (loop: string) => Promise<void>;
  /** The reader's word that weights are of this base, whatever they name. */
  useAnyway: (adapters: readonly string[]) => Promise<void>;
  /** Ends the jobs of this loop at the endpoint. */
  cancelJobs: (loop: string) => Promise<void>;
  /** ISO 8601. */
  date: () => string;
  /** Said aloud: a stage began, an iteration was measured. */
  announce: (text: string) => void;
  schedule?: Schedule;
}

/** How a loop is gone on with. */
export interface Going {
  /** `keep`: agents whose training failed keep their weights, and the loop goes on. */
  onFailure?: 'keep';
  /** Takes it from the tab that writes to it. */
  steal?: boolean;
}

/** More than anybody waits for; the longest name of an adapter still holds it. */
const forever = 9999;

const paused = (): DOMException => new DOMException('Paused.', 'AbortError');

export class LiveLoop {
  readonly start: LoopStart;
  readonly #journal: LoopJournal;
  readonly #seen: Seen;
  #phase = $state.raw<LoopPhase>('paused');
  #fault = $state.raw<EngineFault | null>(null);
  #haltedAt = $state.raw<Stage | null>(null);
  #strangers = $state.raw<readonly string[]>([]);
  /** Iterations to be done; null = until somebody stops it. */
  #goal = $state.raw<number | null>(null);
  #stopping = $state(false);
  #overtaken = $state(false);
  #lost = $state(false);
  #abort: AbortController | null = null;
  #going: Promise<void> | null = null;

  /** @param plan a new loop, or the events of one to go on with */
  constructor(
    plan: { start: LoopStart } | { events: readonly LoopEvent[] },
    private readonly deps: LiveLoopDeps,
  ) {
    this.#journal = new LoopJournal(plan, deps);
    const { start, stored, facts } = this.#journal;
    this.#seen = new Seen(facts, deps.announce, deps.schedule);
    this.start = start;
    this.#goal = stored ? goalOf(facts) : start.config.iterations;
    if (stored && positionOf(facts, this.#goal) === null) this.#phase = 'finished';
  }

  get byHand(): ByHand {
    return this.deps.byHand;
  }
  get id(): string {
    return this.start.loop;
  }
  get state(): LoopState {
    return this.#seen.state;
  }
  get phase(): LoopPhase {
    return this.#phase;
  }
  get fault(): EngineFault | null {
    return this.#fault;
  }
  /** The stage in which a training or its weights failed; the loop can go on without them. */
  get haltedAt(): Stage | null {
    return this.#haltedAt;
  }
  /** Ids of weights it stopped at since they name another base. */
  get strangers(): readonly string[] {
    return this.#strangers;
  }
  get watched(): Losses {
    return this.#seen.losses;
  }
  get goal(): number | null {
    return this.#goal;
  }
  get active(): boolean {
    return this.#phase === 'running' || this.#phase === 'pausing';
  }
  /** The iteration under way is the last one of this sitting. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Another tab has gone on with it: the journal is ahead of what is held here, until this one goes on again. */
  get overtaken(): boolean {
    return this.#overtaken;
  }

  /**
   * Told by the keeper of the record that another tab wrote to it. What is told late, of what this tab has read since, is no news.
   * @param events how long the journal was then
   */
  overtake(events: number): void {
    if (events > this.#journal.known) this.#overtaken = true;
  }

  /** Another tab took it from this one, where it was going on. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Told by the keeper of the record that another tab took it over: what goes on here stops, and nothing more is written. */
  lose(): void {
    this.#lost = true;
    this.#overtaken = true;
    this.#abort?.abort(paused());
  }

  /** Stops when the iteration under way has been measured; asked again, it goes on. */
  toggleStopping(): void {
    this.#stopping = !this.#stopping;
  }

  /** @param goal iterations to be done; null = until stopped. Heard when it is gone on with. */
  setGoal(goal: number | null): void {
    this.#goal = goal;
    if (!this.active) this.#phase = positionOf(this.#journal.facts, goal ?? forever) === null ? 'finished' : 'paused';
  }

  /** Starts, or goes on. Resolves when the loop is done, paused or failed; never rejects. */
  go(how: Going = {}): Promise<void> {
    this.#going ??= this.#run(how).finally(() => (this.#going = null));
    return this.#going;
  }

  /**
   * Starts a new loop. Resolves once its beginning is durable, so that nothing refers to a loop that a reload would not find.
   * @returns when it comes to rest; never rejects
   * @throws EngineFault when it could not be kept
   */
  async begin(): Promise<{ rest: Promise<void> }> {
    const rest = this.go();
    await Promise.race([this.#journal.begun, rest]);
    if (!this.#journal.stored) throw this.#fault ?? asFault(paused());
    return { rest };
  }

  /** Goes on with the weights it stopped at, although they name another base. */
  async useAnyway(): Promise<void> {
    const chosen = this.#strangers;
    this.#journal.wake();
    try {
      await this.deps.useAnyway(chosen);
      const text = `Used although they name another base, as the reader asked: ${chosen.join(', ')}.`;
      await this.#append({ type: 'note', note: 'warning', text: text.slice(0, 2000), at: this.deps.date() });
    } catch (error) {
      this.#fault = asFault(error);
      return;
    }
    await this.go();
  }

  /** Ends the sitting. Jobs that were ordered go on at their endpoint and are found again. */
  async pause(): Promise<void> {
    if (!this.#going) return;
    // It may be stopping by itself already.
    if (this.#phase === 'running') this.#phase = 'pausing';
    this.#abort?.abort(paused());
    await this.#going;
  }

  /** As a pause, and the jobs under way are cancelled: what they had learnt is lost, everything else is kept. */
  async cancel(): Promise<void> {
    const cancelling = this.deps.cancelJobs(this.id);
    // The jobs are told before they are no longer watched; what the endpoint does not answer is said once the loop rests.
    const [, told] = await Promise.allSettled([this.pause(), cancelling]);
    if (told.status === 'rejected') this.#fault = asFault(told.reason);
  }

  async #run({ onFailure, steal = false }: Going): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#fault = null;
    this.#haltedAt = null;
    this.#strangers = [];
    this.#stopping = false;
    this.#lost = false;
    this.#journal.wake();
    this.#phase = 'running';
    this.#seen.forgetLosses();
    const ports = this.deps.ports({ append: event => this.#append(event), emit: event => this.#seen.add(event), steal });
    try {
      if (this.#journal.stored) await this.#claim(steal);
      await this.deps.run({
        start: this.start,
        state: this.#journal.facts,
        ports,
        iterations: this.#goal ?? forever,
        ...(onFailure ? { onFailure } : {}),
        signal: abort.signal,
      });
      this.#seen.flush();
      // What ended before, here or in another tab, gets no further event that would let go of it.
      await this.deps.release(this.id);
      this.#phase = 'finished';
      this.deps.announce('The loop is finished.');
    } catch (error) {
      await this.#interrupted(error, abort.signal);
    } finally {
      this.#abort = null;
    }
  }

  async #claim(steal: boolean): Promise<void> {
    const news = await this.#journal.claim(steal);
    this.#overtaken = false;
    if (!news) return;
    if (this.#goal !== null) this.#goal = Math.max(this.#goal, goalOf(this.#journal.facts));
    this.#seen.settle(this.#journal.facts);
  }

  async #interrupted(error: unknown, signal: AbortSignal): Promise<void> {
    const byHand = signal.aborted || (error instanceof DOMException && error.name === 'AbortError');
    if (!byHand) {
      this.#fault = asFault(error);
      const { stage, strangers } = (error ?? {}) as { stage?: unknown; strangers?: readonly string[] };
      this.#haltedAt = stages.find(one => one === stage) ?? null;
      this.#strangers = strangers ?? [];
    }
    // Said once the note is on disk: who reloads the page as soon as it says so finds it paused.
    const rest = (): void => {
      this.#phase = byHand ? 'paused' : 'failed';
      this.#seen.settle(this.#journal.facts);
    };
    if (!this.#journal.stored) return rest();
    if (this.#lost) {
      this.#fault = null;
      rest();
      return this.deps.announce('Another tab took this loop over.');
    }
    const text = this.#fault ? `Stopped: ${this.#fault.message}` : this.#stopping ? 'Stopped after the iteration, as asked.' : 'Paused.';
    try {
      await this.#journal.rest({ type: 'note', note: 'paused', text: text.slice(0, 2000), at: this.deps.date() });
      await this.deps.release(this.id);
    } catch (failure) {
      // The loop itself is on disk up to its last fact; only this note is missing. The reason of the stop matters more.
      this.#fault ??= asFault(failure);
    }
    rest();
    this.deps.announce(text);
  }

  async #append(event: LoopEvent): Promise<void> {
    await this.#journal.append(event);
    if (event.type !== 'measured') return;
    const { k, n } = event.measures.debate;
    this.deps.announce(`Iteration ${event.iteration}: the debate is right in ${k} of ${n}.`);
    if (this.#stopping) this.#abort?.abort(paused());
  }
}
