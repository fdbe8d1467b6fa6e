// Which loops go on by themselves when the page is opened again, and what is said where they do not.
import { describe, expect, it } from 'vitest';
import { foldLoopAll } from '../../experiment/fold';
import { runLoop } from '../../experiment/loop';
import { blankDisk, loopConfigOf, portsOf, startOf } from '../../experiment/loop.fixture';
import type { LoopEvent } from '../../experiment/records';
import type { JobMemo } from '../../finetune/memo';
import { StoreError } from '../../store/errors';
import { findWatched, type ReviveDeps } from './revive';
import { watchedOrders } from './watched';

const at = '2026-11-21T00:00:00.000Z';
const start = startOf(loopConfigOf());

/** The journal of a loop that ran to its end. */
async function whole(): Promise<LoopEvent[]> {
  const world = { disk: blankDisk() };
  const state = foldLoopAll([]);
  await runLoop({ start, state, ports: portsOf(world), signal: new AbortController().signal });
  return world.disk.events;
}
/** Up to the first job that is ordered. */
async function atTrainings(): Promise<LoopEvent[]> {
  const events = await whole();
  return events.slice(0, events.findIndex(({ type }) => type === 'job-created') + 1);
}
const pausedNote: LoopEvent = { type: 'note', note: 'paused', text: 'Paused.', at };

describe('what was watched', () => {
  it('are the jobs that were ordered and have not ended, of a loop that nobody stopped', async () => {
    const events = await atTrainings();
    const [first] = watchedOrders(events);
    expect(first).toMatch(new RegExp(`^${start.loop}/1/(generator|critic)_1$`));
    expect(watchedOrders([...events, pausedNote])).toEqual([]);
    expect(watchedOrders([...events, pausedNote, { ...pausedNote, note: 'resumed' }])).toEqual([first]);
    expect(watchedOrders(events.slice(0, -1))).toEqual([]);
    expect(watchedOrders(events.slice(0, 2))).toEqual([]);
    expect(watchedOrders(await whole())).toEqual([]);
  });
});

interface Bench {
  deps: ReviveDeps;
  calls: string[];
}

/** @param busy refusals of the claim before it is granted */
function bench(events: LoopEvent[], { busy = 0, reason = '', elsewhere = false, tabsSeen = true, then = events } = {}): Bench {
  const calls: string[] = [];
  const header = { finished: null, source: 'here' };
  let left = busy;
  const memo: JobMemo = {
    schema: 1,
    key: '',
    origin: 'https://x.example',
    file: null,
    validation: null,
    job: 'ftjob-1',
    status: 'running',
  };
  const store = {
    listLoops: async () => [{ loop: start.loop, title: 'A loop', at, state: 'ok', header, unsaved: 0 }],
    readLoop: async () => ({ events: calls.includes('claim') ? then : events }),
    claimLoop: async () => {
      if (left-- > 0) throw new StoreError('busy', 'Another tab is writing to this loop.');
      calls.push('claim');
    },
    releaseLoop: async () => void calls.push('release'),
    memos: { read: async (key: string) => ({ ...memo, key }) },
  } as unknown as ReviveDeps['store'];
  const endpoint = { ready: Promise.resolve(), unasked: (loop: string, origin: string | null) => reason && `${reason} ${loop} ${origin}` };
  return { deps: { store, endpoint, tabsSeen, elsewhere: async () => elsewhere, sleep: async () => undefined }, calls };
}

describe('a loop that was left at its trainings', () => {
  it('is claimed for this tab and goes on; also when the page before it lets go a moment later', async () => {
    const events = await atTrainings();
    for (const busy of [0, 3]) {
      const { deps, calls } = bench(events, { busy });
      expect(await findWatched(deps)).toEqual({ loop: start.loop, title: 'A loop', reason: '' });
      expect(calls).toEqual(['claim']);
    }
  });

  it('is left to the tab that has it, and to the reader who paused it meanwhile', async () => {
    const events = await atTrainings();
    const other = bench(events, { busy: 100 });
    expect(await findWatched(other.deps)).toBeNull();
    expect(other.calls).toEqual([]);
    const paused = bench(events, { then: [...events, pausedNote] });
    expect(await findWatched(paused.deps)).toBeNull();
    expect(paused.calls).toEqual(['claim', 'release']);
  });

  it('waits with a reason where it needs the reader, and is let go of', async () => {
    const events = await atTrainings();
    const asked = bench(events, { reason: 'No key for' });
    expect(await findWatched(asked.deps)).toMatchObject({ reason: `No key for ${start.loop} https://x.example` });
    expect(asked.calls).toEqual(['claim', 'release']);
    const elsewhere = bench(events, { elsewhere: true });
    expect((await findWatched(elsewhere.deps))?.reason).toMatch(/another tab.*press Resume/);
    const unseen = bench(events, { tabsSeen: false });
    expect((await findWatched(unseen.deps))?.reason).toMatch(/press Resume/);
    expect(unseen.calls).toEqual([]);
  });
});
