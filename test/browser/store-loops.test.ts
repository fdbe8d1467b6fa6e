// Loops in the record of a real browser: journals beside their debates, sets, weights and memos; an older record upgraded with all it held.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type {} from '../pages/store/main';
import type { LoopPlan } from '../pages/store/loops';
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
const fresh = () => `loops-${process.pid}-${serial++}`;
const plan: LoopPlan = { loop: 'loop', iterations: 1, pace: 0 };

const use = (page: Page, name: string, version?: number) =>
  page.evaluate(
    async ([name, version]) => {
      window.store = await window.lab.openStore(version === undefined ? { name } : { name, version });
      return window.store.health;
    },
    [name, version] as const,
  );

/** A page that has spoken the whole loop. */
async function spoken(name = fresh()): Promise<Page & { errors: string[] }> {
  const page = await open();
  await use(page, name);
  await page.evaluate(plan => window.lab.loopOn(window.store, plan), plan);
  return page;
}

test('a database of version 1 is upgraded with all it holds, and takes a loop', async () => {
  const page = await open();
  const name = fresh();
  const fixture = JSON.parse(readFileSync('src/store/fixtures/schema-1.json', 'utf8')) as { header: { run: string }; events: object[] };
  // As the first release made it: two stores and an index, and a run in them.
  await page.evaluate(
    ([name, { header, events }]) =>
      new Promise<void>((done, fail) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => {
          request.result.createObjectStore('headers', { keyPath: 'run' });
          request.result.createObjectStore('events', { keyPath: ['run', 'seq'] }).createIndex('once', ['run', 'once'], { unique: true });
        };
        request.onerror = () => fail(request.error);
        request.onsuccess = () => {
          const tx = request.result.transaction(['headers', 'events'], 'readwrite');
          tx.objectStore('headers').put(header);
          for (const event of events) tx.objectStore('events').put(event);
          tx.onerror = () => fail(tx.error);
          tx.oncomplete = () => {
            request.result.close();
            done();
          };
        };
      }),
    [name, fixture] as const,
  );
  expect(await use(page, name)).toEqual({ kind: 'durable' });
  const seen = await page.evaluate(async plan => {
    const { store, lab } = window;
    const before = await store.readRun('fixture');
    await lab.loopOn(store, plan);
    return { before, runs: await store.listRuns('alone'), loops: (await store.listLoops()).length };
  }, plan);
  expect(seen.before.events).toHaveLength(fixture.events.length);
  expect(seen.before.header).toEqual(fixture.header);
  expect(seen.runs.map(({ run }) => run)).toEqual(['fixture']);
  expect(seen.loops).toBe(1);
  expect(page.errors).toEqual([]);
});

describe('a loop in the record', () => {
  test('is listed by its header; its debates, sets and weights are found by it, and other lists do without them', async () => {
    const page = await spoken();
    const seen = await page.evaluate(async () => {
      const { store, lab } = window;
      await store.createRun(lab.startOf({ run: 'own', questions: 1, agents: 1, rounds: 1, pace: 0, width: 1 }));
      const { header, events, readOnly } = await store.readLoop('loop');
      const sets = await store.sets.list({ loop: 'loop' });
      const adapters = await store.adapters.list({ loop: 'loop' });
      return {
        list: await store.listLoops(),
        header,
        types: events.map(({ type }) => type),
        readOnly,
        all: (await store.listRuns()).map(({ run }) => run).sort(),
        alone: (await store.listRuns('alone')).map(({ run }) => run),
        own: (await store.listRuns({ loop: 'loop' })).map(({ run }) => run).sort(),
        sets: sets.map(({ header }) => `${header.role} ${header.agent}`),
        named: events.flatMap(event => (event.type === 'collected' ? event.sets.map(({ sha256 }) => sha256) : [])),
        hashes: sets.map(({ sha256 }) => sha256),
        whole: await Promise.all(sets.map(async ({ sha256, header }) => (await store.sets.read(sha256))?.rows.length === header.size)),
        byRun: (await store.sets.list({ run: 'loop-it1-train' })).length,
        nothing: await store.sets.read('0'.repeat(64)),
        adapters: adapters.map(({ id, kind, bytes, dataset }) => ({ id, kind, bytes, dataset })),
        adopted: events.flatMap(event => (event.type === 'adopted' ? [[event.adapter, event.sha256]] : [])),
        kept: await Promise.all(
          adapters.map(async ({ id }) => {
            const { record, files } = await store.adapters.read(id);
            return [id, record.sha256, Object.keys(files).sort()];
          }),
        ),
        memo: await store.memos.read('loop/1/generator_1'),
        health: store.health,
      };
    });
    expect(seen.list).toHaveLength(1);
    expect(seen.list[0]).toMatchObject({ loop: 'loop', title: 'Scripted loop', state: 'ok', unsaved: 0, header: seen.header });
    expect(seen.header).toMatchObject({ agents: 2, rounds: 2, iterations: 1, measured: 2, jobs: 4, events: seen.types.length });
    expect(seen.header.finished).not.toBeNull();
    expect(seen.types[0]).toBe('loop-started');
    expect(seen.types.at(-1)).toBe('loop-finished');
    expect(seen.own).toEqual(['loop-it0-evaluate', 'loop-it1-evaluate', 'loop-it1-train']);
    expect(seen.header.runs).toEqual(['loop-it0-evaluate', 'loop-it1-train', 'loop-it1-evaluate']);
    expect(seen.all).toEqual([...seen.own, 'own']);
    expect(seen.alone).toEqual(['own']);
    expect(seen.sets).toEqual(['generator 0', 'generator 1', 'critic 0', 'critic 1']);
    expect([...seen.hashes].sort()).toEqual([...seen.named].sort());
    expect(seen.whole).toEqual([true, true, true, true]);
    expect(seen.byRun).toBe(4);
    expect(seen.nothing).toBeNull();
    expect(seen.adapters).toHaveLength(4);
    for (const adapter of seen.adapters) expect(adapter).toMatchObject({ kind: 'lora', bytes: 66 });
    expect(seen.kept.map(([id, sha256]) => [id, sha256]).sort()).toEqual([...seen.adopted].sort());
    expect(seen.memo).toMatchObject({ key: 'loop/1/generator_1', origin: 'https://tune.example' });
    expect(seen.health).toEqual({ kind: 'durable' });
    expect(page.errors).toEqual([]);
  });

  test('refuses what may stand once, and gives the same loop after a reload', async () => {
    const name = fresh();
    const page = await spoken(name);
    const before = await page.evaluate(async () => {
      const { events } = await window.store.readLoop('loop');
      const measured = events.find(({ type }) => type === 'measured')!;
      const twice = await window.lab.outcome(() => window.store.appendLoop('loop', measured));
      const start = await window.lab.outcome(() => window.store.createLoop(window.lab.loopStart({ loop: 'loop', iterations: 1, pace: 0 })));
      return { events, twice, start };
    });
    expect([before.twice, before.start]).toEqual(['duplicate', 'duplicate']);
    await page.reload();
    await page.waitForFunction(() => 'lab' in window);
    await use(page, name);
    expect(await page.evaluate(async () => (await window.store.readLoop('loop')).events)).toEqual(before.events);
    await page.evaluate(() => window.store.renameLoop('loop', 'A better title'));
    expect(await page.evaluate(async () => (await window.store.listLoops())[0]?.title)).toBe('A better title');
  });

  test('is deleted with everything that is its own, and nothing else', async () => {
    const page = await spoken();
    const left = await page.evaluate(async plan => {
      const { store, lab } = window;
      await lab.loopOn(store, { ...plan, loop: 'other' });
      await store.deleteLoop('loop');
      return {
        loops: (await store.listLoops()).map(({ loop }) => loop),
        runs: (await store.listRuns()).map(({ run }) => run).sort(),
        sets: new Set((await store.sets.list()).map(({ loop }) => loop)).size,
        readable: (await Promise.all((await store.sets.list()).map(({ sha256 }) => store.sets.read(sha256)))).every(set => set !== null),
        adapters: (await store.adapters.list()).every(({ loop }) => loop === 'other'),
        memos: [await store.memos.read('loop/1/generator_1'), (await store.memos.read('other/1/generator_1')) !== null],
        gone: await lab.outcome(() => store.readLoop('loop')),
        files: await lab.outcome(() => store.adapters.read('loop/it1/generator_1')),
      };
    }, plan);
    expect(left).toEqual({
      loops: ['other'],
      runs: ['other-it0-evaluate', 'other-it1-evaluate', 'other-it1-train'],
      sets: 1,
      readable: true,
      adapters: true,
      memos: [null, true],
      gone: 'missing',
      files: 'missing',
    });
  });

  test('that was tampered with on the disk is told as damaged, not shown', async () => {
    const name = fresh();
    const page = await spoken(name);
    const seen = await page.evaluate(async name => {
      const { store, lab } = window;
      const change = (storeName: string, edit: (record: Record<string, unknown>) => void) =>
        new Promise<void>((done, fail) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => {
            const tx = request.result.transaction(storeName, 'readwrite');
            const all = tx.objectStore(storeName).getAll();
            all.onsuccess = () => {
              for (const record of all.result as Record<string, unknown>[]) {
                edit(record);
                tx.objectStore(storeName).put(record);
              }
            };
            tx.oncomplete = () => {
              request.result.close();
              done();
            };
            tx.onerror = () => fail(tx.error);
          };
        });
      const sets = await store.sets.list();
      const largest = sets.reduce((a, b) => (b.header.size > a.header.size ? b : a));
      await change('setRows', record => void (record.rows = (record.rows as unknown[]).slice(1)));
      const rows = await lab.outcome(() => store.sets.read(largest.sha256));
      await change('adapterFiles', record => {
        const files = record.files as Record<string, Uint8Array>;
        files['adapter_model.safetensors']![5]! ^= 1;
      });
      const weights = await lab.outcome(() => store.adapters.read('loop/it1/critic_2'));
      await change('loopEvents', record => {
        if (record.seq === 3) record.event = { type: 'sang' };
      });
      return { rows, weights, loop: await lab.outcome(() => store.readLoop('loop')), exported: (await store.exportLoop('loop')).events[3] };
    }, name);
    expect(seen).toEqual({ rows: 'damaged', weights: 'damaged', loop: 'damaged', exported: { type: 'sang' } });
  });
});

describe('a loop as a file', () => {
  test('is taken over whole by another record: said first, then done, repeated without effect, continued where it ends', async () => {
    const page = await spoken();
    const seen = await page.evaluate(
      async ([names, plan]) => {
        const { lab } = window;
        const { file } = await lab.decodeLoopFile(await lab.encodeLoopFile((await window.store.exportLoop('loop')) as never));
        const other = await lab.openStore({ name: names[0]! });
        const dry = await lab.planLoopImport(other, file);
        const untouched = [(await other.listLoops()).length, (await other.listRuns()).length, (await other.sets.list()).length];
        const done = await lab.importLoop(other, file);
        const again = await lab.importLoop(other, file);
        const read = await other.readLoop('loop');
        const listed = await other.listLoops();
        const third = await lab.openStore({ name: names[1]! });
        const half = { ...file, events: file.events.slice(0, 5), runs: {}, sets: {} };
        await lab.importLoop(third, half);
        const rest = await lab.importLoop(third, file);
        // A loop that another record holds can be gone on with: nothing of it is done again.
        await lab.loopOn(other, { ...plan, iterations: 1 });
        const changed = file.events.map(event => (event.type === 'loop-started' ? { ...event, app: 'another' } : event));
        const [hash, set] = Object.entries(file.sets!).find(([, { rows }]) => rows.length > 1)!;
        return {
          dry,
          untouched,
          done,
          again,
          same: JSON.stringify(read.events) === JSON.stringify(file.events),
          source: listed[0]?.header?.source,
          runs: (await other.listRuns({ loop: 'loop' })).map(({ header }) => header?.source),
          sets: (await other.sets.list({ loop: 'loop' })).length,
          rest: { added: rest.added, verdict: rest.verdict, sets: rest.sets },
          grown: (await other.readLoop('loop')).events.length - file.events.length,
          total: file.events.length,
          foreign: await lab.importLoop(other, { ...file, events: changed }),
          torn: await lab.importLoop(third, { ...file, sets: { [hash]: { ...set, rows: set.rows.slice(1) } } }),
          stray: await lab.importLoop(third, { ...file, runs: { elsewhere: Object.values(file.runs!)[0]! } }),
        };
      },
      [[fresh(), fresh()], plan] as const,
    );
    expect(seen.dry).toMatchObject({ verdict: 'restored', loop: 'loop', sets: 4, added: seen.total });
    expect(seen.dry.runs.map(({ verdict }) => verdict)).toEqual(['restored', 'restored', 'restored']);
    expect(seen.untouched).toEqual([0, 0, 0]);
    expect(seen.done).toEqual(seen.dry);
    expect(seen.again).toMatchObject({ verdict: 'duplicate', added: 0, sets: 0 });
    expect(seen).toMatchObject({ same: true, source: 'imported', runs: ['imported', 'imported', 'imported'], sets: 4, grown: 0 });
    expect(seen.rest).toEqual({ verdict: 'restored', added: seen.total - 5, sets: 4 });
    expect(seen.foreign).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining('different loop') as string });
    expect(seen.torn).toMatchObject({ verdict: 'invalid', reason: expect.stringContaining('not those it is named after') as string });
    expect(seen.stray).toMatchObject({ verdict: 'invalid' });
    expect(page.errors).toEqual([]);
  });
});

describe('when the record cannot be written', () => {
  test('a loop on a full disk goes on in this tab, says so, and is written once there is room', async () => {
    const page = await open();
    const name = fresh();
    await use(page, name);
    const seen = await page.evaluate(
      async ([name, plan]) => {
        const { store, lab } = window;
        const { add, put } = IDBObjectStore.prototype;
        const full = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
        await store.createLoop(lab.loopStart(plan));
        Object.assign(IDBObjectStore.prototype, { add: full, put: full });
        const note = { type: 'note', note: 'paused', text: 'a', at: '2026-11-21T07:00:00.000Z' } as const;
        const receipt = await store.appendLoop('loop', note);
        const saved = await store.adapters.save(
          { id: 'loop/it1/generator_1', loop: 'loop', iteration: 1, agent: 'generator_1', base: 'b', dataset: 'd', at: note.at },
          { 'adapter_config.json': new Uint8Array(2), 'adapter_model.safetensors': new Uint8Array(9) },
        );
        await store.memos.write(lab.memoOf('loop/1/generator_1'));
        const health = store.health;
        const inTab = [
          (await store.readLoop('loop')).events.length,
          (await store.adapters.list({ loop: 'loop' })).length,
          (await store.adapters.read('loop/it1/generator_1')).files['adapter_model.safetensors']?.length,
          (await store.memos.read('loop/1/generator_1'))?.job,
        ];
        const other = await lab.openStore({ name });
        const onDisk = [(await other.readLoop('loop')).events.length, (await other.adapters.list()).length];
        Object.assign(IDBObjectStore.prototype, { add, put });
        const retried = await store.retry();
        const later = [
          (await other.readLoop('loop')).events.length,
          (await other.adapters.read('loop/it1/generator_1')).record.sha256 === saved.sha256,
        ];
        return { receipt, health, inTab, onDisk, retried, later, after: store.health };
      },
      [name, plan] as const,
    );
    expect(seen).toEqual({
      receipt: { seq: 1, durable: false },
      // One event, facts and files of one adapter, one memo.
      health: expect.objectContaining({ kind: 'memory-only', reason: 'quota', unsaved: 4 }) as object,
      inTab: [2, 1, 9, 'ftjob-1'],
      onDisk: [1, 0],
      retried: true,
      later: [2, true],
      after: { kind: 'durable' },
    });
    expect(page.errors).toEqual([]);
  });

  test('a database of a newer version is read, not written', async () => {
    const name = fresh();
    const page = await open();
    await use(page, name, 3);
    await page.evaluate(async plan => {
      await window.lab.loopOn(window.store, plan);
      await window.store.close();
    }, plan);
    expect(await use(page, name)).toMatchObject({ kind: 'memory-only', reason: 'newer' });
    const seen = await page.evaluate(async () => {
      const { store, lab } = window;
      const [set] = await store.sets.list();
      return {
        events: (await store.readLoop('loop')).events.length > 5,
        set: (await store.sets.read(set!.sha256)) !== null,
        weights: await lab.outcome(() => store.adapters.read('loop/it1/generator_1')),
        renamed: await lab.outcome(() => store.renameLoop('loop', 'x')),
        deleted: await lab.outcome(() => store.deleteLoop('loop')),
      };
    });
    expect(seen).toEqual({ events: true, set: true, weights: 'ok', renamed: 'read-only', deleted: 'read-only' });
  });
});

test('a second tab follows a loop, cannot write to it, and can take it over', async () => {
  const [first, second] = [await open(), await open()];
  const name = fresh();
  await use(first, name);
  await use(second, name);
  await second.evaluate(() => {
    Object.assign(window, { heard: [] });
    window.store.loopChanges.subscribe(change => (window as unknown as { heard: unknown[] }).heard.push(change));
  });
  const note = { type: 'note', note: 'paused', text: 'x', at: '2026-11-21T07:00:00.000Z' } as const;
  await first.evaluate(plan => window.store.createLoop(window.lab.loopStart(plan)), plan);
  expect(await second.evaluate(note => window.lab.outcome(() => window.store.appendLoop('loop', note)), note)).toBe('busy');
  await second.waitForFunction(() => (window as unknown as { heard: unknown[] }).heard.length > 0);
  expect(await second.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([
    { kind: 'created', loop: 'loop', events: 1, elsewhere: true },
  ]);
  await second.evaluate(() => window.store.claimLoop('loop', true));
  expect(await second.evaluate(note => window.lab.outcome(() => window.store.appendLoop('loop', note)), note)).toBe('ok');
  expect(await first.evaluate(note => window.lab.outcome(() => window.store.appendLoop('loop', note)), note)).toBe('busy');
  expect(first.errors.concat(second.errors)).toEqual([]);
});

test('keys that were kept lie apart, each with its origin, and no export holds one', async () => {
  const canary = 'canary-0123456789';
  const page = await spoken();
  const seen = await page.evaluate(
    async ([name, canary]) => {
      const { store, lab } = window;
      const secrets = lab.openSecrets(name);
      await secrets.set('https://tune.example', canary);
      await secrets.set('http://localhost:4747', 'other');
      const again = lab.openSecrets(name);
      const read = [await again.get('https://tune.example'), await again.get('https://elsewhere.example')];
      const origins = await again.origins();
      await again.delete('http://localhost:4747');
      const left = await again.origins();
      const out = JSON.stringify([await store.exportLoop('loop'), await store.exportRun('loop-it1-train'), await store.adapters.list()]);
      await again.clear();
      return { read, origins, left, leaked: out.includes(canary), cleared: await again.origins() };
    },
    [fresh(), canary] as const,
  );
  expect(seen).toEqual({
    read: [canary, null],
    origins: ['http://localhost:4747', 'https://tune.example'],
    left: ['https://tune.example'],
    leaked: false,
    cleared: [],
  });
});
