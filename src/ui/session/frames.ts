// Live events arrive per token and agent; the screen is painted per frame. What nobody could see is left out: only the newest text of a turn.
import type { LiveEvent } from '../../debate/events';

export type Schedule = (flush: () => void) => void;

/** A frame while the page is seen; a timer while it is hidden, where frames never come. */
export const nextFrame: Schedule = flush => {
  if (document.hidden) setTimeout(flush, 250);
  else requestAnimationFrame(flush);
};

export class FrameQueue {
  #events: LiveEvent[] = [];
  #waiting = false;

  constructor(
    private readonly apply: (events: readonly LiveEvent[]) => void,
    private readonly schedule: Schedule = nextFrame,
  ) {}

  add(event: LiveEvent): void {
    this.#events.push(event);
    if (this.#waiting) return;
    this.#waiting = true;
    this.schedule(() => this.flush());
  }

  flush(): void {
    this.#waiting = false;
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    const newest = new Map<string, LiveEvent>();
    for (const event of events) if (event.type === 'turn-text') newest.set(event.id, event);
    this.apply(events.filter(event => event.type !== 'turn-text' || newest.get(event.id) === event));
  }
}
