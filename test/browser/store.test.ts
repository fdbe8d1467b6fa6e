// The record in a real browser: what is acknowledged is on disk, and what cannot be is said.
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type {} from '../pages/store/main';
import type { RunEvent } from '../../src/debate/events';
import { launch, servePage, type Browser, type Site } from './store-harness';

let site: Site;
let browser: Browser;
const pages: Page[] = [];

beforeAll(async () => {
  [site, browser] = await Promise.all([servePage('store'), launch()]);
});
afterEach(async () => {
  await Promise.all(pages.splice(0).map(page => page.close()));
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

/** A fresh page of the origin; `errors` must stay empty. */
async function open(): Promise<Page & { errors: string[] }> {
  const page = Object.assign(await browser.context.newPage(), { errors: [] as string[] });
  page.on('pageerror', error => page.errors.push(String(error)));
  await page.goto(site.url);
  await page.waitForFunction(() => 'lab' in window);
  pages.push(page);
  return page;
}

let serial = 0;
const fresh = () => `test-${process.pid}-${serial++}`;

const plan = { run: 'r1', questions: 2, agents: 2, rounds: 2, pace: 0, width: 4 };
const note = (text: string): RunEvent => ({ type: 'note', at: '2026-11-21T07:00:00.000Z', note: 'paused', text });

const use = (page: Page, name: string, version?: number) =>
  page.evaluate(
    async ([name, version]) => {
      window.store = await window.lab.openStore(version === undefined ? { name } : { name, version });
      return window.store.health;
    },
    [name, version] as const,
  );

describe('a run in the record', () => {
  test('is listed by its header, read back as it was said, renamed, exported and deleted', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name);
    const done = await page.evaluate(async plan => {
      const calls = await window.lab.debate(window.store, plan);
      await window.store.renameRun('r1', 'A better title');
      return { calls, runs: await window.store.listRuns(), health: window.store.health };
    }, plan);
    // Two agents, two rounds, two questions: 2 generators, 2 summaries, 2 critics each.
    expect(done.calls).toHaveLength(12);
    expect(done.health).toEqual({ kind: 'durable' });
    expect(done.runs).toHaveLength(1);
    expect(done.runs[0]).toMatchObject({ run: 'r1', title: 'A better title', state: 'ok', unsaved: 0 });
    expect(done.runs[0]?.header).toMatchObject({
      schema: 1,
      agents: 2,
      rounds: 2,
      questions: 2,
      done: 2,
      turns: 12,
      failed: 0,
      events: 16,
    });

    await page.reload();
    await page.waitForFunction(() => 'lab' in window);
    await use(page, name);
    const again = await page.evaluate(async () => {
      const { events, readOnly } = await window.store.readRun('r1');
      const file = await window.store.exportRun('r1');
      await window.store.deleteRun('r1');
      const left = await window.store.listRuns();
      return { events, readOnly, file, left, missing: await window.lab.outcome(() => window.store.readRun('r1')) };
    });
    expect(again.readOnly).toBe(false);
    expect(again.events.map(({ type }) => type)).toEqual([
      'run-started',
      ...Array<string>(12).fill('turn'),
      'decided',
      'decided',
      'run-finished',
    ]);
    expect(again.file.events[0]).toMatchObject({ title: 'A better title' });
    expect(again.left).toEqual([]);
    expect(again.missing).toBe('missing');
    expect(page.errors).toEqual([]);
  });

  test('refuses a doubled turn, decision or end, and its neighbours in the same write still land', async () => {
    const page = await open();
    await use(page, fresh());
    const result = await page.evaluate(
      async ([plan, note]) => {
        const { store, lab } = window;
        await lab.debate(store, plan);
        const { events } = await store.readRun('r1');
        const turn = events.find(({ type }) => type === 'turn')!;
        const outcomes = await Promise.all([note, turn, note].map(event => lab.outcome(() => store.append('r1', event))));
        const again = await lab.outcome(() => store.createRun(lab.startOf(plan)));
        return { outcomes, again, grown: (await store.readRun('r1')).events.length - events.length };
      },
      [plan, note('between')] as const,
    );
    expect(result).toEqual({ outcomes: ['ok', 'duplicate', 'ok'], again: 'duplicate', grown: 2 });
    expect(page.errors).toEqual([]);
  });

  test('acknowledges only what another connection can read', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name);
    const seen = await page.evaluate(
      async ([plan, name]) => {
        const other = await window.lab.openStore({ name });
        const lengths: [number, number][] = [];
        await window.store.createRun(window.lab.startOf(plan));
        for (let i = 0; i < 5; i++) {
          const { seq } = await window.store.append('r1', {
            type: 'note',
            at: '2026-11-21T07:00:00.000Z',
            note: 'paused',
            text: String(i),
          });
          lengths.push([seq + 1, (await other.readRun('r1')).events.length]);
        }
        return lengths;
      },
      [plan, name] as const,
    );
    expect(seen).toEqual([2, 3, 4, 5, 6].map(n => [n, n]));
  });
});

describe('opening', () => {
  test('a blocked upgrade starts in memory, says which tab to close, and becomes durable by itself', async () => {
    const [old, page] = [await open(), await open()];
    const name = fresh();
    // A connection that ignores `versionchange`, as a tab with an older page does.
    await old.evaluate(
      name =>
        new Promise<void>((done, fail) => {
          const request = indexedDB.open(name, 1);
          request.onsuccess = () => {
            Object.assign(window, { stubborn: request.result });
            done();
          };
          request.onerror = () => fail(request.error);
        }),
      name,
    );
    const health = await use(page, name, 2);
    expect(health).toMatchObject({ kind: 'memory-only', reason: 'blocked' });
    expect(JSON.stringify(health)).toContain('Close the other Polylogue tabs');
    const receipt = await page.evaluate(plan => window.store.createRun(window.lab.startOf(plan)), plan);
    expect(receipt.durable).toBe(false);
    await old.close();
    await page.waitForFunction(() => window.store.health.kind !== 'memory-only' || window.store.health.reason !== 'blocked');
    expect(page.errors).toEqual([]);
  });

  test('a newer page gets the database at once; the older one closes, says so, and goes on in memory', async () => {
    const [older, newer] = [await open(), await open()];
    const name = fresh();
    await use(older, name, 1);
    await older.evaluate(plan => window.store.createRun(window.lab.startOf(plan)), plan);
    expect(await use(newer, name, 2)).toEqual({ kind: 'durable' });
    await older.waitForFunction(() => window.store.health.kind === 'memory-only');
    const after = await older.evaluate(async note => {
      const receipt = await window.store.append('r1', note);
      return { receipt, health: window.store.health, read: await window.lab.outcome(() => window.store.readRun('r1')) };
    }, note('late'));
    expect(after.receipt).toEqual({ seq: 1, durable: false });
    expect(after.health).toMatchObject({ kind: 'memory-only', reason: 'closed', unsaved: 1 });
    expect(after.read).toBe('closed');
    expect(older.errors.concat(newer.errors)).toEqual([]);
  });

  test('a database of a newer version opens for reading and export only', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name, 2);
    await page.evaluate(async plan => {
      await window.lab.debate(window.store, plan);
      await window.store.close();
    }, plan);
    expect(await use(page, name, 1)).toMatchObject({ kind: 'memory-only', reason: 'newer' });
    const seen = await page.evaluate(
      async ([plan, note]) => {
        const { store, lab } = window;
        const events = (await store.readRun('r1')).events.length;
        const exported = (await store.exportRun('r1')).events.length;
        const renamed = await lab.outcome(() => store.renameRun('r1', 'x'));
        const receipt = await store.createRun(lab.startOf({ ...plan, run: 'r2' }));
        return { events, exported, renamed, receipt, appended: (await store.append('r1', note)).durable };
      },
      [plan, note('x')] as const,
    );
    expect(seen).toEqual({ events: 16, exported: 16, renamed: 'read-only', receipt: { seq: 0, durable: false }, appended: false });
  });

  test('a record of a newer schema is listed, not opened, and exported as it is', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name);
    const seen = await page.evaluate(
      async ([plan, name]) => {
        const { store, lab } = window;
        await lab.debate(store, plan);
        // What a later version might leave behind: another schema, and an event this one has never heard of.
        await new Promise<void>((done, fail) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => {
            const tx = request.result.transaction(['headers', 'events'], 'readwrite');
            const headers = tx.objectStore('headers');
            const get = headers.get('r1');
            get.onsuccess = () => headers.put({ ...get.result, schema: 9, mood: 'calm' });
            tx.objectStore('events').put({ schema: 9, run: 'r1', seq: 3, event: { type: 'sang', song: 'la' } });
            tx.oncomplete = () => {
              request.result.close();
              done();
            };
            tx.onerror = () => fail(tx.error);
          };
        });
        const file = await store.exportRun('r1');
        return {
          listed: (await store.listRuns()).map(({ run, title, state, header }) => ({ run, title, state, header })),
          read: await lab.outcome(() => store.readRun('r1')),
          appended: await lab.outcome(() => store.append('r1', { type: 'run-finished', at: '2026-11-21T07:00:00.000Z' })),
          schema: file.schema,
          event: file.events[3],
        };
      },
      [plan, name] as const,
    );
    expect(seen).toEqual({
      listed: [{ run: 'r1', title: 'Scripted r1', state: 'newer', header: null }],
      read: 'read-only',
      appended: 'read-only',
      schema: 9,
      event: { type: 'sang', song: 'la' },
    });
  });

  test('a browser without storage runs from memory and says so', async () => {
    const page = await open();
    const seen = await page.evaluate(async plan => {
      indexedDB.open = () => {
        throw new DOMException('denied', 'SecurityError');
      };
      window.store = await window.lab.openStore({ name: 'denied' });
      await window.lab.debate(window.store, plan);
      return { health: window.store.health, events: (await window.store.readRun('r1')).events.length, runs: await window.store.listRuns() };
    }, plan);
    expect(seen.health).toMatchObject({ kind: 'memory-only', reason: 'unavailable', unsaved: 16 });
    expect(seen.events).toBe(16);
    expect(seen.runs).toMatchObject([{ run: 'r1', unsaved: 16 }]);
    expect(page.errors).toEqual([]);
  });

  test('a dropped connection is opened again', async () => {
    const page = await open();
    await use(page, fresh());
    const receipts = await page.evaluate(
      async ([plan, note]) => {
        const connections: IDBDatabase[] = [];
        const transaction = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...args: Parameters<typeof transaction>) {
          connections.push(this);
          return transaction.apply(this, args);
        };
        await window.store.createRun(window.lab.startOf(plan));
        const dropped = connections.at(-1);
        dropped!.close();
        // The event a browser fires when it closes a connection by force.
        dropped!.dispatchEvent(new Event('close'));
        const receipts = [await window.store.append('r1', note)];
        await new Promise(done => setTimeout(done, 300));
        receipts.push(await window.store.append('r1', note));
        return { receipts, health: window.store.health, events: (await window.store.readRun('r1')).events.length };
      },
      [plan, note('x')] as const,
    );
    expect(receipts.receipts[1]).toEqual({ seq: 2, durable: true });
    expect(receipts).toMatchObject({ health: { kind: 'durable' }, events: 3 });
    expect(page.errors).toEqual([]);
  });
});

describe('a full disk', () => {
  test('an injected quota error leaves a run whole in memory, never says durable, and is written once there is room', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name);
    const seen = await page.evaluate(
      async ([plan, name]) => {
        const { store, lab } = window;
        const add = IDBObjectStore.prototype.add;
        let writes = 0;
        IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
          if (++writes > 6) throw new DOMException('full', 'QuotaExceededError');
          return add.apply(this, args);
        };
        const healths: string[] = [];
        store.onHealth(health => healths.push(health.kind));
        await lab.debate(store, plan);
        const full = store.health;
        const inMemory = (await store.readRun('r1')).events;
        const exported = (await store.exportRun('r1')).events.length;
        const other = await lab.openStore({ name });
        const onDisk = (await other.readRun('r1')).events.length;
        IDBObjectStore.prototype.add = add;
        const retried = await store.retry();
        const later = (await other.readRun('r1')).events;
        return {
          full,
          exported,
          onDisk,
          retried,
          same: JSON.stringify(later) === JSON.stringify(inMemory),
          n: later.length,
          health: store.health,
          healths,
        };
      },
      [plan, name] as const,
    );
    expect(seen.full).toMatchObject({ kind: 'memory-only', reason: 'quota' });
    expect(seen.onDisk).toBeLessThan(16);
    expect(seen.full).toMatchObject({ unsaved: 16 - seen.onDisk });
    expect(seen).toMatchObject({ exported: 16, retried: true, same: true, n: 16, health: { kind: 'durable' } });
    expect(page.errors).toEqual([]);
  });

  test("the browser's own quota error is told and survived", async () => {
    const page = await browser.context.newPage();
    pages.push(page);
    // Its own origin: Chromium remembers for half a minute how much room the first one had.
    const origin = site.url.replace('127.0.0.1', 'localhost').slice(0, -1);
    const session = await browser.context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 400_000 });
    await page.goto(origin);
    await page.waitForFunction(() => 'lab' in window);
    await use(page, fresh());
    const full = await page.evaluate(async plan => {
      const { store } = window;
      await store.createRun(window.lab.startOf(plan));
      const receipts = [];
      // Chromium lets some 8 MB pass before it asks how much room there is.
      for (let i = 0; i < 40; i++) {
        const text = `${i}`.padEnd(400_000, 'abcdef');
        receipts.push((await store.append('r1', { type: 'note', at: '2026-11-21T07:00:00.000Z', note: 'paused', text })).durable);
      }
      return { receipts, health: store.health, events: (await store.readRun('r1')).events.length };
    }, plan);
    expect(full.receipts[0]).toBe(true);
    expect(full.receipts.at(-1)).toBe(false);
    expect(full.health).toMatchObject({ kind: 'memory-only', reason: 'quota', unsaved: full.receipts.filter(durable => !durable).length });
    expect(full.events).toBe(41);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    const after = await page.evaluate(async note => {
      const { durable } = await window.store.append('r1', note);
      return { durable, health: window.store.health.kind, events: (await window.store.readRun('r1')).events.length };
    }, note('room again'));
    expect(after).toEqual({ durable: true, health: 'durable', events: 42 });
  });
});

describe('a second tab', () => {
  test('cannot write to a run that the first one writes, follows it by reading, and can take it over', async () => {
    const [first, second] = [await open(), await open()];
    const name = fresh();
    await use(first, name);
    await use(second, name);
    await second.evaluate(() => {
      Object.assign(window, { heard: [] });
      window.store.changes.subscribe(change => (window as unknown as { heard: unknown[] }).heard.push(change));
    });
    await first.evaluate(plan => window.store.createRun(window.lab.startOf(plan)), plan);
    await first.evaluate(note => window.store.append('r1', note), note('first'));
    const refused = await second.evaluate(note => window.lab.outcome(() => window.store.append('r1', note)), note('second'));
    expect(refused).toBe('busy');
    await second.waitForFunction(() => (window as unknown as { heard: unknown[] }).heard.length >= 2);
    expect(await second.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([
      { kind: 'created', run: 'r1', events: 1, elsewhere: true },
      { kind: 'appended', run: 'r1', events: 2, elsewhere: true },
    ]);
    expect(await second.evaluate(async () => (await window.store.readRun('r1')).events.length)).toBe(2);

    await second.evaluate(() => window.store.claim('r1', true));
    expect(await second.evaluate(note => window.lab.outcome(() => window.store.append('r1', note)), note('second'))).toBe('ok');
    expect(await first.evaluate(note => window.lab.outcome(() => window.store.append('r1', note)), note('first again'))).toBe('busy');
    await second.evaluate(() => window.store.release('r1'));
    expect(await first.evaluate(note => window.lab.outcome(() => window.store.append('r1', note)), note('first again'))).toBe('ok');
    expect(await first.evaluate(async () => (await window.store.readRun('r1')).events.length)).toBe(4);
    expect(first.errors.concat(second.errors)).toEqual([]);
  });

  test('where there are no locks, the journal itself refuses the slower writer', async () => {
    const page = await open();
    const name = fresh();
    const outcomes = await page.evaluate(
      async ([plan, name, note]) => {
        const [a, b] = [await window.lab.openStore({ name, locks: null }), await window.lab.openStore({ name, locks: null })];
        await a.createRun(window.lab.startOf(plan));
        await b.append('r1', note);
        return [await window.lab.outcome(() => a.append('r1', note)), (await b.readRun('r1')).events.length];
      },
      [plan, name, note('x')] as const,
    );
    expect(outcomes).toEqual(['conflict', 2]);
  });

  test('one tab has the engine; another can take it, and the first is told', async () => {
    const [first, second] = [await open(), await open()];
    const make = () => {
      const state = { lost: 0 };
      Object.assign(window, { state, engine: window.lab.createEngineLock(() => state.lost++) });
    };
    type Held = { state: { lost: number }; engine: ReturnType<Window['lab']['createEngineLock']> };
    await first.evaluate(make);
    await second.evaluate(make);
    const take = () => (window as unknown as Held).engine.take();
    const look = async () => {
      const { engine, state } = window as unknown as Held;
      return { held: engine.held, lost: state.lost, elsewhere: await engine.elsewhere() };
    };
    expect([await first.evaluate(take), await second.evaluate(take)]).toEqual([true, false]);
    expect(await second.evaluate(look)).toEqual({ held: false, lost: 0, elsewhere: true });
    await second.evaluate(() => (window as unknown as Held).engine.steal());
    await first.waitForFunction(() => (window as unknown as Held).state.lost === 1);
    expect(await first.evaluate(look)).toEqual({ held: false, lost: 1, elsewhere: true });
    await second.close();
    // The browser frees a closed tab's locks a moment later.
    await expect.poll(() => first.evaluate(take)).toBe(true);
  });
});

describe('import', () => {
  test('says what it will do, restores, continues, and never overwrites', async () => {
    const page = await open();
    await use(page, fresh());
    const seen = await page.evaluate(async plan => {
      const { store, lab } = window;
      await lab.debate(store, plan);
      const file = await store.exportRun('r1');
      const run = { polylogue: 'run' as const, schema: 1 as const, events: file.events as never[] };
      const half = { ...run, events: run.events.slice(0, 7) };
      const steps: unknown[] = [];
      const note = async (what: string, input: typeof run) => {
        const { verdict, added, reason } = await lab.planImport(store, input);
        const done = await lab.importRun(store, input);
        steps.push([what, verdict, added, reason ?? '', done.verdict, (await store.listRuns())[0]?.header?.events ?? 0]);
      };
      await note('same', run);
      await store.deleteRun('r1');
      await note('half', half);
      await note('whole', run);
      await note('half again', half);
      const edited = structuredClone(run) as { events: { turn?: { text: string } }[] };
      edited.events[2]!.turn!.text = 'edited';
      await note('edited', edited as never);
      await note('headless', { ...run, events: run.events.slice(1) });
      await note('doubled', { ...run, events: [...run.events, run.events[3]!] });
      return { steps, header: (await store.listRuns())[0]?.header };
    }, plan);
    expect(seen.steps).toEqual([
      ['same', 'duplicate', 0, '', 'duplicate', 16],
      ['half', 'restored', 7, '', 'restored', 7],
      ['whole', 'restored', 9, '', 'restored', 16],
      ['half again', 'duplicate', 0, '', 'duplicate', 16],
      ['edited', 'invalid', 0, 'A different run with the same id is already here.', 'invalid', 16],
      ['headless', 'invalid', 0, 'It does not begin with the start of a run.', 'invalid', 16],
      ['doubled', 'invalid', 0, 'It holds a turn or a decision twice.', 'invalid', 16],
    ]);
    expect(seen.header).toMatchObject({ source: 'imported', turns: 12, done: 2, finished: '2026-11-21T07:00:00.000Z' });
    expect(page.errors).toEqual([]);
  });
});

test('the browser is asked to keep the record, and says how much it holds', async () => {
  const page = await open();
  const seen = await page.evaluate(async () => [await window.lab.requestPersistence(), await window.lab.storageMeter()] as const);
  expect(['granted', 'refused']).toContain(seen[0]);
  expect(seen[1]!.quota).toBeGreaterThan(0);
});
