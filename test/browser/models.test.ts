// What may go wrong around a model, in the built page: a hub that is asked first, a folder of one's own, an engine that dies, a second tab.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { serveHub, type Hub } from '../../src/models/fixtures/hub-server';
import { tinyModel } from '../../src/models/fixtures/tiny-model';
import { teamSize } from '../../src/models/team/page';
import type { RunEvent, RunFile } from '../../src/debate/events';
import { foldAll } from '../../src/debate/fold';
import { tinyConfig } from '../../src/onnx/fixtures/weights';
import { fixtureRun } from '../fixtures/run';
import { violations as violationsOn } from './axe';
import { journey, shown as shownOn } from './journey';

let page: Page;

const app = journey({ abroad: true });

const violations = (): Promise<string[]> => violationsOn(page);
const shown = (text: RegExp, where = page): Promise<void> => shownOn(where, text);

/** Long enough for what critics read. */
const speaker = tinyModel({ ...tinyConfig, maxPositions: 8192 });
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The stored events of the run with this title, through the page's own export. */
async function exported(title: RegExp): Promise<RunEvent[]> {
  await page.evaluate("void (location.hash = '#/runs')");
  await page.getByRole('link', { name: title }).click();
  const saving = page.waitForEvent('download');
  await page.locator('#main').getByRole('button', { name: 'Export' }).click();
  return (JSON.parse(readFileSync(await (await saving).path(), 'utf8')) as RunFile).events;
}

/** Debates two questions with the model in use, to the end. */
async function debateTwo(): Promise<RunEvent[]> {
  await page.evaluate("void (location.hash = '#/batch')");
  await page.getByLabel('Questions').fill('2');
  await page.getByRole('button', { name: 'Run batch' }).click();
  await shown(/2 of 2 questions/);
  return exported(/2 ×/);
}

/** Everybody spoke in every round and every question was voted on, by that model. */
function expectSociety(events: readonly RunEvent[], base: object): void {
  const run = foldAll(events);
  expect(run.start?.engine).toMatchObject({ base, modelHash: hashOf(speaker.get('onnx/model.onnx')!) });
  expect(run.finished).not.toBeNull();
  expect([...run.questions.values()].map(({ turns, vote }) => [turns.size, vote !== null])).toEqual([
    [9, true],
    [9, true],
  ]);
}

/** Fills in the form of the Models screen. */
async function lookUp(hub: Hub, repo: string): Promise<void> {
  await page.getByText('Revision and host').click();
  await page.getByLabel('Host').fill(hub.url);
  await page.getByLabel('Repository').fill(repo);
  await page.getByRole('button', { name: 'Look it up' }).click();
}

describe('a model from a hub', { timeout: 300_000 }, () => {
  let hub: Hub;
  beforeEach(async () => {
    hub = await serveHub({ 'someone/tiny': tinyModel(), 'someone/speaker': speaker });
  });
  afterEach(() => hub.close());

  it('is the base of a society that debates to its end', async () => {
    page = await app.open('#/models');
    await lookUp(hub, 'someone/speaker');
    await page.getByRole('button', { name: 'Download and load' }).click();
    await shown(/someone\/speaker is ready/);
    expectSociety(await debateTwo(), { kind: 'hub', id: 'someone/speaker', host: hub.url });
    expect(app.browser.foreign.filter(url => !url.startsWith(hub.url))).toEqual([]);
  });

  it('that an imported run names is asked for nothing before the reader agreed, and speaks the rest of the run after that', async () => {
    const base = { kind: 'hub', id: 'someone/speaker', host: hub.url } as const;
    const [start] = fixtureRun().events;
    if (start?.type !== 'run-started') throw new Error('a run begins with its start');
    const { config, engine } = start;
    const modelHash = hashOf(speaker.get('onnx/model.onnx')!);
    const unfinished = {
      ...fixtureRun(),
      events: [{ ...start, config: { ...config, base }, engine: { ...engine, base, modelHash, device: 'wasm' } }],
    };
    const buffer = Buffer.from(JSON.stringify(unfinished));
    page = await app.open('#/runs');
    await page.getByLabel('Run files to import').setInputFiles({ name: 'theirs.run.json', mimeType: 'application/json', buffer });
    await shown(/imported/);
    await page.getByRole('link', { name: new RegExp('7') }).click();
    const dialog = page.getByRole('dialog');

    await page.getByRole('button', { name: 'Resume' }).click();
    await dialog.getByText(new URL(hub.url).host).first().waitFor();
    expect(await violations()).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await shown(/Nothing was fetched/);
    expect([hub.asked, app.browser.foreign]).toEqual([[], []]);

    await page.getByRole('button', { name: /Go on|Try again/ }).click();
    await dialog.getByRole('button', { name: /^Ask / }).click();
    await dialog.getByText(/Download [\d.]+ [KM]B\?/).waitFor();
    expect(await violations()).toEqual([]);
    expect(hub.gets).toEqual([]);
    await dialog.getByRole('button', { name: 'Download and load' }).click();
    await page.evaluate("void (location.hash = '#/runs')");
    await shown(/finished · imported/);
    const run = foldAll(await exported(/7/));
    expect(run.finished).not.toBeNull();
    expect([...run.questions.values()][0]!.turns.size).toBe(9);
  });

  it('is not resumed with other weights than it began with', async () => {
    page = await app.open('#/runs');
    const [start] = fixtureRun().events;
    const buffer = Buffer.from(JSON.stringify({ ...fixtureRun(), events: [start] }));
    await page.getByLabel('Run files to import').setInputFiles({ name: 'theirs.run.json', mimeType: 'application/json', buffer });
    await shown(/imported/);
    await page.getByRole('link', { name: new RegExp('7') }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await shown(/spoken by other weights.*start a new run/);
    expect(hub.asked).toEqual([]);
  });

  it('tells host and size before a byte is fetched, then speaks, and can be deleted', async () => {
    page = await app.open('#/models');
    await lookUp(hub, 'someone/tiny');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(new URL(hub.url).host).waitFor();
    expect(await dialog.innerText()).toMatch(/Download [\d.]+ [KM]B\?/);
    expect(await violations()).toEqual([]);
    expect(hub.gets.filter(path => path.endsWith('.onnx'))).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(hub.gets.filter(path => path.endsWith('.onnx'))).toEqual([]);

    await page.getByRole('button', { name: 'Look it up' }).click();
    await dialog.getByRole('button', { name: 'Download and load' }).click();
    await shown(/someone\/tiny is ready/);
    expect(hub.gets.filter(path => path.endsWith('.onnx'))).toHaveLength(1);
    await shown(/someone\/tiny from 127\.0\.0\.1/);
    expect(await violations()).toEqual([]);

    await page.getByRole('button', { name: 'Delete the files of someone/tiny' }).click();
    await shown(/No downloaded models/);
  });

  it('says what happened when the connection breaks, and the next try succeeds', async () => {
    page = await app.open('#/models');
    hub.cut = 1000;
    await lookUp(hub, 'someone/tiny');
    await page.getByRole('button', { name: 'Download and load' }).click();
    await shown(/broke off.*Try again/);
    hub.cut = null;
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await shown(/someone\/tiny is ready/);
  });

  it('names a repository that is not there', async () => {
    page = await app.open('#/models');
    await lookUp(hub, 'someone/else');
    await page.getByRole('alert').filter({ hasText: 'no model of this name' }).waitFor();
    expect(await violations()).toEqual([]);
  });
});

describe('a model from a folder', { timeout: 300_000 }, () => {
  it('is read where it lies, debates as a society, and a folder without one is refused in words', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'polylogue-folder-'));
    try {
      for (const [path, bytes] of speaker) {
        const file = join(dir, 'mine', path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, bytes);
      }
      mkdirSync(join(dir, 'empty'));
      writeFileSync(join(dir, 'empty/notes.txt'), 'nothing here');
      page = await app.open('#/models');
      const picker = page.getByLabel('Folder of a model');
      await picker.setInputFiles(join(dir, 'empty'));
      await page.getByRole('alert').waitFor();
      await picker.setInputFiles(join(dir, 'mine'));
      await shown(/mine is ready/);
      expectSociety(await debateTwo(), { kind: 'local', id: 'mine' });
      expect(app.browser.foreign).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('an engine that stops', { timeout: 300_000 }, () => {
  it('is started again in the middle of a batch; no turn is lost or doubled', async () => {
    await app.browser.context.addInitScript(`
      window.workers = [];
      window.Worker = class extends Worker { constructor(...of) { super(...of); if (of[1]?.name === 'polylogue-engine') window.workers.push(this); } };
    `);
    page = await app.open('#/batch');
    await page.getByLabel('Questions').fill('40');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await page.waitForFunction(() => Number(/(\d+) of 40 questions/.exec(document.body.textContent ?? '')?.[1] ?? 0) >= 3);
    await page.evaluate('window.workers.at(-1).terminate()');
    await shown(/40 of 40 questions/);
    // One for each processor the team takes, and the one in place of the dead one.
    const machine = { hardwareConcurrency: await page.evaluate('navigator.hardwareConcurrency') } as { hardwareConcurrency: number };
    const size = teamSize({ device: 'wasm', parameters: 900_000 }, machine);
    expect(await page.evaluate('window.workers.length')).toBe(size + 1);
    await page.evaluate("void (location.hash = '#/runs')");
    await page.getByRole('link', { name: /40 ×/ }).click();
    await shown(/finished/);
    const saving = page.waitForEvent('download');
    await page.locator('#main').getByRole('button', { name: 'Export' }).click();
    const { events } = JSON.parse(readFileSync(await (await saving).path(), 'utf8')) as {
      events: { type: string; note?: string; turn?: { id: string } }[];
    };
    const turns = events.flatMap(event => event.turn?.id ?? []);
    expect(turns).toHaveLength(40 * 9);
    expect(new Set(turns).size).toBe(turns.length);
    expect(events.some(event => event.note === 'engine-restarted')).toBe(true);
  });
});

describe('a second tab', { timeout: 300_000 }, () => {
  it('is told who has the models, takes them over, and the first one pauses with nothing lost', async () => {
    page = await app.open('#/batch');
    await page.getByLabel('Questions').fill('200');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await page.waitForFunction(() => Number(/(\d+) of 200 questions/.exec(document.body.textContent ?? '')?.[1] ?? 0) >= 2);
    const first = page;

    page = await app.open('#/batch');
    await page.getByLabel('Questions').fill('2');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await shown(/running a model in another tab/);
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Take over here' }).click();
    await shown(/2 of 2 questions/);
    await shown(/Another tab took the models over/, first);
    await shown(/Go on/, first);
  });
});
