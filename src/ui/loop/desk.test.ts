import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loopConfigOf } from '../../experiment/loop.fixture';
import type { LoopEvent } from '../../experiment/records';
import { StoreError } from '../../store/errors';
import type { LoopStart } from '../../store/loop-records';
import type { EndpointChoice } from '../endpoint/endpoint.svelte';
import type { Session } from '../session/session.svelte';
import { LoopDesk } from './desk.svelte';

interface Record {
  createLoop(start: LoopStart): Promise<unknown>;
  events: LoopEvent[];
}

/** A desk over a record of which a test decides when it keeps something; its engine never answers. */
function deskOf(record: Record): LoopDesk {
  const store = {
    createLoop: (start: LoopStart) => record.createLoop(start),
    appendLoop: async (_: string, event: LoopEvent) => void record.events.push(event),
    readLoop: async () => ({ events: [...record.events] }),
    claimLoop: async () => undefined,
    releaseLoop: async () => undefined,
    listLoops: async () => [],
    busyLoops: async () => new Set<string>(),
  };
  const engine = { facts: { base: { kind: 'builtin', id: 'abacus' }, modelHash: '0', device: 'wasm', dtype: 'fp32' } };
  const session = {
    record: { store: Promise.resolve(store) },
    setup: { base: engine.facts.base },
    live: null,
    models: { assemble: async () => ({ engine, files: new Map() }) },
    speak: (_: unknown, __: unknown, signal: AbortSignal) =>
      new Promise((_, stop) => {
        signal.throwIfAborted();
        signal.addEventListener('abort', () => stop(signal.reason as Error));
      }),
  } as unknown as Session;
  const endpoint = { label: { kind: 'page', origin: '' } } as EndpointChoice;
  const date = (): string => '2026-11-21T00:00:00.000Z';
  return new LoopDesk({ session, endpoint, announce: () => undefined, date, now: () => 0, newId: () => '0123456789abcdef' });
}

const start = (desk: LoopDesk) => desk.start(loopConfigOf(), 'A loop', 1, new AbortController().signal);

// Of a page, painting needs only this.
beforeEach(() => void vi.stubGlobal('document', { hidden: true }));
afterEach(() => vi.unstubAllGlobals());

describe('the desk', () => {
  it('names a new loop only when it is in the record: a reload at once finds it', async () => {
    let kept = false;
    const desk = deskOf({
      events: [],
      createLoop: () =>
        new Promise(resolve =>
          setTimeout(() => {
            kept = true;
            resolve(undefined);
          }, 50),
        ),
    });
    const live = await start(desk);
    expect([kept, live.active, desk.live]).toEqual([true, true, live]);
    await live.pause();
    expect(live.phase).toBe('paused');
  });

  it('reads a loop again when another tab has gone on with it, and not for what that tab told late', async () => {
    const events: LoopEvent[] = [];
    const desk = deskOf({ events, createLoop: async start => events.push(start) });
    const live = await start(desk);
    await live.pause();
    const change = { loop: live.id, kind: 'appended', elsewhere: true } as const;
    desk.changed({ ...change, events: events.length });
    expect(await desk.open(live.id)).toBe(live);
    events.push({ type: 'note', note: 'resumed', text: 'Goes on.', at: '2026-11-21T00:00:00.000Z' });
    desk.changed({ ...change, elsewhere: false, events: events.length });
    expect(await desk.open(live.id)).toBe(live);
    desk.changed({ ...change, events: events.length });
    expect(live.overtaken).toBe(true);
    const again = await desk.open(live.id);
    expect([again === live, desk.live === again, again.overtaken, again.phase]).toEqual([false, true, false, 'paused']);
  });

  it('says why a loop could not be kept, and does not speak of it again', async () => {
    const desk = deskOf({ events: [], createLoop: () => Promise.reject(new StoreError('duplicate', 'A loop of this id exists.')) });
    await expect(start(desk)).rejects.toMatchObject({ message: 'A loop of this id exists.' });
    expect(desk.live).toBeNull();
  });
});
