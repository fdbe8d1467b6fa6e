// What is kept where, and what the health says of it. The database itself is the browser's: `test/browser/store.test.ts`.
import { expect, test } from 'vitest';
import type { Database, DatabaseEvents } from './database';
import { StoreError } from './errors';
import { Medium } from './medium';

const disk = (newer = false) => ({ open: true, newer, reopen: () => Promise.resolve() });
const full = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
const room = () => Promise.resolve();

/** A medium with one writer, whose records in memory are counted by `waits` and written by `flush`. */
function medium(open: (on: DatabaseEvents) => Promise<unknown>) {
  const writer = { unsaved: 0, flush: () => Promise.resolve(((writer.unsaved = 0), true)) };
  const made = new Medium(
    on => open(on) as Promise<Database>,
    () => [writer],
  );
  return { made, writer };
}

test('what a full disk refuses stays in memory and is counted, until there is room', async () => {
  const { made, writer } = medium(() => Promise.resolve(disk()));
  await made.connect();
  expect(await made.save(full, 2, 0)).toBe(false);
  writer.unsaved = 2;
  expect(made.health).toMatchObject({ kind: 'memory-only', reason: 'quota', unsaved: 2 });
  expect(await made.save(full, 3, 2)).toBe(false);
  expect(made.health).toMatchObject({ unsaved: 3 });
  // A writer that has nothing waiting finds room: the other one is tried again.
  expect(await made.save(room, 1, 0)).toBe(true);
  expect(made.health.kind).toBe('memory-only');
  await new Promise(resolve => setTimeout(resolve));
  expect(made.health).toEqual({ kind: 'durable' });
});

test('a fault of the caller is thrown and leaves the health as it is', async () => {
  const { made } = medium(() => Promise.resolve(disk()));
  await made.connect();
  const refuse = () => Promise.reject(new StoreError('conflict', 'moved on'));
  await expect(made.save(refuse, 1, 0)).rejects.toMatchObject({ code: 'conflict' });
  await expect(made.save(() => Promise.reject(new TypeError('ours')), 1, 0)).rejects.toThrow(TypeError);
  expect(made.health).toEqual({ kind: 'durable' });
});

test('a database of a newer version is read, and all that is written stays in memory', async () => {
  const { made, writer } = medium(() => Promise.resolve(disk(true)));
  await made.connect();
  expect(made.health).toMatchObject({ reason: 'newer' });
  expect(await made.save(() => Promise.reject(new StoreError('read-only', 'newer')), 1, 0)).toBe(false);
  writer.unsaved = 1;
  expect(await made.retry()).toBe(false);
  expect(made.health).toMatchObject({ reason: 'newer', unsaved: 1 });
});

test('a blocked opening goes on from memory, and is durable once the other tab is closed', async () => {
  let opened = (_: unknown) => {};
  let on!: DatabaseEvents;
  const { made } = medium(events => ((on = events), new Promise(resolve => (opened = resolve))));
  const heard: string[] = [];
  made.onHealth(health => heard.push(health.kind === 'durable' ? 'durable' : health.reason));
  const connected = made.connect();
  on.blocked();
  await connected;
  expect(await made.save(room, 1, 0)).toBe(false);
  expect(await made.retry()).toBe(false);
  opened(disk());
  await new Promise(resolve => setTimeout(resolve));
  expect(heard).toEqual(['blocked', 'blocked', 'durable']);
  expect(await made.save(room, 1, 0)).toBe(true);
});

test('without storage it says so; a retry opens again, and a connection that was lost is opened again', async () => {
  const there = disk();
  let refuse = true;
  const { made } = medium(() => (refuse ? Promise.reject(new StoreError('disk', 'none')) : Promise.resolve(there)));
  await made.connect();
  expect(made.health).toMatchObject({ reason: 'unavailable' });
  refuse = false;
  expect(await made.retry()).toBe(true);
  there.open = false;
  expect(made.database).toBeNull();
  there.reopen = () => Promise.resolve(void (there.open = true));
  expect(await made.retry()).toBe(true);
  expect(made.database).not.toBeNull();
});
