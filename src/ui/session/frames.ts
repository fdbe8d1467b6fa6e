// Live events arrive per token and agent; the screen is painted per frame.
import type { LiveEvent } from '../../debate/events';

export type Schedule = (flush: () => void) => void;

/** A frame while the page is seen; a timer while it is hidden, where frames never come. */
export const nextFrame: Schedule = flush => {
  if (document.hidden) setTimeout(flush, 250);
  else requestAnimationFrame(flush);
};

/** Of what came within a frame: without texts of a turn that newer ones replace, which nobody could see. */
export function seenOf(events: readonly LiveEvent[]): LiveEvent[] {
  const newest = new Map<string, LiveEvent>();
  for (const event of events) if (event.type === 'turn-text') newest.set(event.id, event);
  return events.filter(event => event.type !== 'turn-text' || newest.get(event.id) === event);
}

export class FrameQueue<E> {
  #events: E[] = [];
  #waiting = false;

  constructor(
    private readonly apply: (events: readonly E[]) => void,
    private readonly schedule: Schedule = nextFrame,
  ) {}

  add(event: E): void {
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
    this.apply(events);
  }

  /** What waits is not shown any more. */
  clear(): void {
    this.#events = [];
  }
}
