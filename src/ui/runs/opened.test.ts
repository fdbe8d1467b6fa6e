import { expect, test, vi } from 'vitest';
import { fixtureRun } from '../../../test/fixtures/run';
import { foldAll } from '../../debate/fold';
import { StoreError } from '../../store/errors';
import type { RunChange, StoredRun } from '../../store/store';
import { OpenedRun } from './opened.svelte';

const { events } = fixtureRun();

/** A record whose run another tab writes to. */
function followed(length: number) {
  const asked: number[] = [];
  const disk = { length, gone: false };
  let tell: (change: RunChange) => void = () => undefined;
  const record = {
    read: (_: string, from = 0) => {
      asked.push(from);
      if (disk.gone) return Promise.reject(new StoreError('missing', 'There is no such run.'));
      const header = { title: 'Followed', source: 'here' } as StoredRun['header'];
      return Promise.resolve({ header, events: events.slice(from, disk.length), readOnly: false });
    },
    onChange: (listener: typeof tell) => {
      tell = listener;
      return () => (tell = () => undefined);
    },
  };
  const appended = (change: Partial<RunChange> = {}) =>
    tell({ run: 'fixture', kind: 'appended', events: disk.length, elsewhere: true, ...change });
  return { asked, disk, record, appended };
}

test('a run that another tab goes on with is followed by reading only what is new', async () => {
  vi.useFakeTimers();
  const life = new AbortController();
  try {
    const { asked, disk, record, appended } = followed(4);
    const opened = new OpenedRun('fixture', record, life.signal);
    await vi.advanceTimersByTimeAsync(1);
    expect(opened.status).toMatchObject({ kind: 'open', title: 'Followed' });
    // A burst of appends is one read.
    for (disk.length = 5; disk.length < 9; disk.length++) appended();
    await vi.advanceTimersByTimeAsync(400);
    appended({ elsewhere: false });
    appended({ run: 'other' });
    await vi.advanceTimersByTimeAsync(400);
    disk.length = events.length;
    appended();
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toEqual([0, 4, 9]);
    expect(opened.status).toMatchObject({ kind: 'open', state: foldAll(events), events });

    disk.gone = true;
    appended({ kind: 'deleted' });
    await vi.advanceTimersByTimeAsync(400);
    expect(opened.status).toMatchObject({ kind: 'failed', message: 'There is no such run.' });
    life.abort();
    appended();
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toHaveLength(4);
  } finally {
    vi.useRealTimers();
  }
});
