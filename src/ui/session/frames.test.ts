import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../debate/events';
import { fixtureRun } from '../../../test/fixtures/run';
import { foldAll } from '../../debate/fold';
import { FrameQueue, seenOf } from './frames';

const text = (id: string, said: string): LiveEvent => ({ type: 'turn-text', id, text: said, newTokens: said.length });

describe('events per frame', () => {
  it('applies everything once, in order, with the newest text only', () => {
    const frames: (() => void)[] = [];
    const seen: LiveEvent[] = [];
    const queue = new FrameQueue<LiveEvent>(
      events => seen.push(...seenOf(events)),
      flush => frames.push(flush),
    );
    for (const said of ['1', '12', '123']) queue.add(text('q/1.0.generator', said));
    queue.add(text('q/1.1.generator', '9'));
    expect([frames.length, seen.length]).toEqual([1, 0]);
    frames.shift()!();
    expect(seen).toEqual([text('q/1.0.generator', '123'), text('q/1.1.generator', '9')]);
    queue.add(text('q/1.0.generator', '1234'));
    expect(frames).toHaveLength(1);
  });

  it('leaves the fold of a run as it is', () => {
    const { events } = fixtureRun();
    const live = events.flatMap((event): LiveEvent[] =>
      event.type === 'turn'
        ? [
            { ...event.turn, type: 'turn-started' },
            text(event.turn.id, event.turn.text.slice(0, 3)),
            text(event.turn.id, event.turn.text),
            event,
          ]
        : [event],
    );
    const seen: LiveEvent[] = [];
    const queue = new FrameQueue<LiveEvent>(
      some => seen.push(...seenOf(some)),
      () => undefined,
    );
    live.forEach((event, i) => {
      queue.add(event);
      if (i % 7 === 0) queue.flush();
    });
    queue.flush();
    expect(foldAll(seen)).toEqual(foldAll(events));
  });
});
