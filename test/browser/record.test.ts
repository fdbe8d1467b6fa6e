// The record behind the built page: long runs leave the page free, a second tab follows and takes over, and what is not on disk is told and
// rescued.
import { gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { RunEvent } from '../../src/debate/events';
import { manyTimes } from '../fixtures/large-run';
import { fixtureRun, randomScript } from '../fixtures/run';
import { violations } from './axe';
import { journey, shown as shownOn } from './journey';
import { onDisk } from './on-disk';
import { watchTasks } from './long-tasks';

let page: Page;

const app = journey({ patience: 150_000 });

const shown = (text: string | RegExp, on = page): Promise<void> => shownOn(on, text);

const largeRun = (questions: number, run?: string): RunEvent[] =>
  manyTimes(fixtureRun(undefined, randomScript(3, 2, 13, 3)).events, questions, run);

it('a run of a thousand questions is imported, opened, shared and exported without a long task', { timeout: 400_000 }, async () => {
  const questions = 1000;
  const file = join(app.dir, 'large.run.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify({ polylogue: 'run', schema: 1, events: largeRun(questions) })));
  page = await app.open('#/runs');
  await shown('No runs yet');
  // Without pages and workers: 400 to 1200 ms.
  const tasks = await watchTasks(page);

  await page.getByLabel('Run files to import').setInputFiles(file);
  await shown(/imported/);
  await tasks.note('import');
  await page.getByRole('link', { name: `${questions} × arithmetic` }).click();
  await shown(`${questions} questions`);
  await tasks.note('open');
  await page.getByRole('button', { name: 'Share' }).click();
  await shown(/\d [KM]B/);
  await tasks.note('share');
  await page.getByLabel('compressed').uncheck();
  await page.waitForTimeout(1500);
  await tasks.note('share, plain');
  await page.keyboard.press('Escape');
  const saving = page.waitForEvent('download');
  await page.locator('#main').getByRole('button', { name: 'Export' }).click();
  await (await saving).path();
  await tasks.note('export');
  tasks.verify();
});

const go = (hash: string, on = page): Promise<void> => on.evaluate(to => void (location.hash = to), hash);

async function startBatch(on: Page, questions: number): Promise<void> {
  await go('#/batch', on);
  await on.getByLabel('Questions', { exact: true }).fill(String(questions));
  await on.getByRole('button', { name: 'Run batch' }).click();
  await on.waitForFunction(() => Number(/(\d+) of \d+ questions/.exec(document.body.innerText)?.[1] ?? 0) >= 2);
}

/** Every journal as it lies on disk. */
const journals = async (on: Page): Promise<RunEvent[][]> => Object.values(await onDisk(on));
const turnIds = (events: readonly RunEvent[]): string[] => events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));

/** Graded answers in the table of a batch. */
const graded = (on: Page): Promise<number> =>
  on.evaluate(() => Math.max(0, ...[...document.body.innerText.matchAll(/\d+ of (\d+), 95 % interval/g)].map(match => Number(match[1]))));

it('a second tab hears of the first before it asks, follows its run as it grows, and takes it over', { timeout: 400_000 }, async () => {
  page = await app.open();
  await startBatch(page, 400);
  const second = await app.open();
  await shown('running a model in another tab', second);
  await go('#/runs', second);
  await shown('running in another tab', second);
  expect(await violations(second)).toEqual([]);
  await second.getByRole('link', { name: /400 ×/ }).click();
  await second.waitForFunction(() => /95 % interval/.test(document.body.innerText));
  const before = await graded(second);
  await expect.poll(() => graded(second), { timeout: 100_000 }).toBeGreaterThan(before);

  await second.getByRole('button', { name: 'Resume' }).click();
  const dialog = second.getByRole('dialog', { name: 'Take the run over?' });
  expect(await violations(second)).toEqual([]);
  await dialog.getByRole('button', { name: 'Leave it there' }).click();
  await second.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByRole('button', { name: 'Take over' }).click();
  await shown('Another tab took the models over');
  expect(await violations(page)).toEqual([]);
  const [taken] = await journals(second);
  await expect
    .poll(async () => turnIds((await journals(second))[0]!).length, { timeout: 100_000 })
    .toBeGreaterThan(turnIds(taken!).length + 9);
  await second.getByRole('button', { name: 'Pause' }).click();
  await shown('Go on', second);
  const ids = turnIds((await journals(second))[0]!);
  expect(new Set(ids).size).toBe(ids.length);

  // And back: the first one goes on from what the second has said.
  await page.getByRole('button', { name: 'Take over here' }).click();
  await expect.poll(async () => turnIds((await journals(page))[0]!).length, { timeout: 100_000 }).toBeGreaterThan(ids.length + 9);
  await page.getByRole('button', { name: 'Pause' }).click();
  await shown('Go on');
  const back = turnIds((await journals(page))[0]!);
  expect(back.slice(0, ids.length)).toEqual(ids);
  expect(new Set(back).size).toBe(back.length);
});

it('a full disk is told; what is in the tab only is handed out, and written once there is room', { timeout: 400_000 }, async () => {
  page = await app.open();
  await page.evaluate(() => {
    const { add } = IDBObjectStore.prototype;
    const disk = { room: 4 };
    Object.assign(window, { disk });
    IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
      if (--disk.room < 0) throw new DOMException('full', 'QuotaExceededError');
      return add.apply(this, args);
    };
  });
  await page.getByRole('button', { name: 'Run live' }).click();
  await shown(/no room left.*in this tab only/);
  await shown('Decided');
  const banner = page.getByRole('complementary', { name: 'Storage' });
  expect(await violations(page)).toEqual([]);
  const saving = page.waitForEvent('download');
  await banner.getByRole('button', { name: 'Export what is unsaved' }).click();
  const path = await (await saving).path();
  const rescued = (JSON.parse(readFileSync(path, 'utf8')) as { events: RunEvent[] }).events;
  expect(turnIds(rescued)).toHaveLength(9);
  expect(turnIds((await journals(page))[0] ?? []).length).toBeLessThan(9);
  await banner.getByRole('button', { name: 'Try again' }).click();
  await shown('It is still not possible.');
  await page.evaluate(() => Object.assign((window as unknown as { disk: object }).disk, { room: Infinity }));
  await banner.getByRole('button', { name: 'Try again' }).click();
  await shown('Everything is on disk now.');
  expect(await banner.count()).toBe(0);
  expect(turnIds((await journals(page))[0]!)).toHaveLength(9);
});

it('a newer page gets the record; the older one offers to reload, reads and hands out what it has', { timeout: 400_000 }, async () => {
  page = await app.open();
  await page.getByRole('button', { name: 'Run live' }).click();
  await shown('Decided');
  // What a browser answers to a page nobody has used for long: it may clear this. The page says so, once.
  await shown(/may clear what is kept here/);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  const newer = await app.open('#/learn');
  await newer.evaluate(
    () =>
      new Promise<void>((done, fail) => {
        const request = indexedDB.open('polylogue', 99);
        request.onerror = () => fail(request.error);
        request.onsuccess = () => {
          request.result.close();
          done();
        };
      }),
  );
  await shown('The record is closed here.');
  expect(await violations(page)).toEqual([]);
  const banner = page.getByRole('complementary', { name: 'Storage' });
  await page.getByRole('button', { name: 'Run live' }).click();
  await shown(/in this tab only/);
  await expect.poll(() => page.getByText('Decided').count(), { timeout: 100_000 }).toBeGreaterThan(0);
  await banner.getByRole('button', { name: 'Try again' }).click();
  await shown('The record is read only here.');
  expect(await violations(page)).toEqual([]);
  const saving = page.waitForEvent('download');
  await banner.getByRole('button', { name: 'Export what is unsaved' }).click();
  const rescued = (JSON.parse(readFileSync(await (await saving).path(), 'utf8')) as { events: RunEvent[] }).events;
  expect(turnIds(rescued).length).toBeGreaterThan(0);
  await go('#/runs');
  await shown(/not on disk/);
  await banner.getByRole('button', { name: 'Reload' }).click();
  await shown('Reload and lose what is unsaved?');
  expect(await violations(page)).toEqual([]);
  const loaded = page.waitForEvent('load');
  await page.getByRole('dialog').getByRole('button', { name: 'Reload' }).click();
  await loaded;
  await shown('The record is read only here.');
});

/** Lets a file go over the middle of the page. */
async function dropFile(path: string, name: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([bytes, called]) => {
      const held = new DataTransfer();
      held.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], called));
      return held;
    },
    [readFileSync(path).toString('base64'), name] as const,
  );
  await page.locator('body').dispatchEvent('drop', { dataTransfer: transfer });
}

it('everything kept is backed up as one archive, and merged back after a dry run', { timeout: 400_000 }, async () => {
  const first = join(app.dir, 'first.run.json');
  const second = join(app.dir, 'second.run.json');
  writeFileSync(first, JSON.stringify({ polylogue: 'run', schema: 1, events: largeRun(2, 'first') }));
  writeFileSync(second, JSON.stringify({ polylogue: 'run', schema: 1, events: largeRun(3, 'second') }));
  page = await app.open('#/runs');
  await shown('No runs yet');
  await page.getByLabel('Run files to import').setInputFiles([first, second]);
  await expect.poll(() => page.getByRole('list', { name: 'Runs' }).getByRole('listitem').count()).toBe(2);
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Backup' }).click();
  await page.getByRole('menuitem', { name: 'Back up everything' }).click();
  const archive = join(app.dir, 'backup.zip');
  await (await saving).saveAs(archive);
  const before = await journals(page);

  await page.getByRole('button', { name: 'Delete 2 × arithmetic' }).click();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => page.getByRole('list', { name: 'Runs' }).getByRole('listitem').count()).toBe(1);
  await page.getByLabel('Backup to restore').setInputFiles(archive);
  await shown(/would be restored\s+1\s+here already\s+1\s+cannot be taken\s+0/);
  expect(await journals(page)).toHaveLength(1);
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Restore 1 part' }).click();
  await shown(/restored\s+1\s+here already/);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await shown('2 × arithmetic');
  expect(await journals(page)).toEqual(before);

  // Dropped on any screen it is looked into and asked about like one that was picked.
  await go('#/runs');
  await page.getByRole('button', { name: 'Delete 3 × arithmetic' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => page.getByRole('list', { name: 'Runs' }).getByRole('listitem').count()).toBe(1);
  await go('#/learn');
  await dropFile(archive, 'anything.zip');
  const dialog = page.getByRole('dialog', { name: 'Restore anything.zip' });
  await shown(/Inside: 2 runs\.\s+would be restored\s+1\s+here already\s+1\s+cannot be taken\s+0\s+3 × arithmetic/);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await journals(page)).toHaveLength(1);
  await dropFile(archive, 'anything.zip');
  await dialog.getByRole('button', { name: 'Restore 1 part' }).click();
  await shown(/restored\s+1\s+here already/);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  expect(await journals(page)).toHaveLength(2);
  await go('#/runs');
  await shown('3 × arithmetic');

  await page.getByLabel('Backup to restore').setInputFiles(first);
  await shown('It is no archive');
  expect(await violations(page)).toEqual([]);
});
