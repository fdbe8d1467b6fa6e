// What is seen of a loop that runs here: its facts and what is going on now, painted once per frame; of what goes on only the newest counts.
import type { AgentName } from '../../datasets/records';
import { foldLoop, type LoopState } from '../../experiment/fold';
import type { LiveLoopEvent } from '../../experiment/records';
import { FrameQueue, type Schedule } from '../session/frames';

/** Losses of the trainings under way, by agent and step; step 1 is the first. */
export type Losses = ReadonlyMap<AgentName, readonly number[]>;

/** @returns the same map where no event tells a loss */
export function lossesAfter(losses: Losses, events: readonly LiveLoopEvent[]): Losses {
  let next: Map<AgentName, readonly number[]> | null = null;
  for (const event of events) {
    if (event.type !== 'training' || event.loss === null || event.step < 1) continue;
    next ??= new Map(losses);
    // A job that began again from a checkpoint repeats steps.
    next.set(event.agent, [...(next.get(event.agent) ?? []).slice(0, event.step - 1), event.loss]);
  }
  return next ?? losses;
}

export class Seen {
  #state = $state.raw() as LoopState;
  #losses = $state.raw<Losses>(new Map());
  readonly #frames: FrameQueue<LiveLoopEvent>;

  constructor(
    facts: LoopState,
    private readonly announce: (text: string) => void,
    schedule?: Schedule,
  ) {
    this.#state = facts;
    this.#frames = new FrameQueue(events => this.#show(events), schedule);
  }

  get state(): LoopState {
    return this.#state;
  }
  get losses(): Losses {
    return this.#losses;
  }

  forgetLosses(): void {
    this.#losses = new Map();
  }

  add(event: LiveLoopEvent): void {
    this.#frames.add(event);
  }

  /** Shows at once what waits for its frame. */
  flush(): void {
    this.#frames.flush();
  }

  /** Back to the facts: what was going on is over. */
  settle(facts: LoopState): void {
    this.#frames.clear();
    this.#state = facts;
  }

  #show(events: readonly LiveLoopEvent[]): void {
    const { stage: before } = this.#state.live;
    this.#state = events.reduce<LoopState>(foldLoop, this.#state);
    const { stage } = this.#state.live;
    const moved = stage?.iteration !== before?.iteration;
    this.#losses = before && moved ? new Map() : lossesAfter(this.#losses, events);
    if (stage && (moved || stage.stage !== before?.stage)) this.announce(`Iteration ${stage.iteration}: ${stage.stage}.`);
  }
}
