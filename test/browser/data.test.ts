// Training sets as their reader meets them: made from a recorded batch, read row by row, edited, carried away and brought back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectSets } from '../../src/datasets/collect';
import { readFile, validate } from '../../src/datasets/formats/formats';
import { datasetDefaults, type TrainingSet } from '../../src/datasets/records';
import type { RunFile } from '../../src/debate/events';
import { foldAll } from '../../src/debate/fold';
import type { LoopFile } from '../../src/experiment/records';
import { setName } from '../../src/ui/data/words';
import { manyTimes } from '../fixtures/large-run';
import { root } from '../steps';
import { violations as violationsOn } from './axe';
import { journey, shown as shownOn } from './journey';
import { watchTasks, type TaskWatch } from './long-tasks';

const recorded = (JSON.parse(readFileSync(join(root, 'public/runs/batch.run.json'), 'utf8')) as RunFile).events;
const batch = foldAll(recorded);

let page: Page;
/** What the recorded batch gives with every row of the critics in. */
let sets: TrainingSet[];

const app = journey({ patience: 60_000 });
beforeAll(async () => {
  sets = await collectSets(batch, { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 });
});

const violations = (): Promise<string[]> => violationsOn(page);
const shown = (text: string | RegExp): Promise<void> => shownOn(page, text);
const hashOf = (): Promise<string> => page.evaluate('location.hash');
const button = (name: string | RegExp) => page.getByRole('button', { name });

/** Makes the sets of the recorded batch and opens the first. */
async function make(): Promise<TaskWatch> {
  page = await app.open('#/data');
  await shown('No training sets of your own yet');
  const tasks = await watchTasks(page);
  await button('Make sets from a run').click();
  const dialog = page.getByRole('dialog', { name: 'Make training sets' });
  await dialog.getByLabel('Debates').selectOption({ label: 'A recorded batch' });
  await dialog.getByLabel('Size of a critic’s set').selectOption('all');
  await dialog
    .getByRole('cell', { name: String(sets[0]!.header.size), exact: true })
    .first()
    .waitFor();
  await dialog.getByRole('button', { name: 'Make 6 sets' }).click();
  await page.getByRole('heading', { level: 2, name: 'Generator A' }).waitFor();
  await tasks.note('make');
  return tasks;
}

async function saved(open: () => Promise<void>): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), open()]);
  return readFileSync(await download.path());
}

describe('training sets', { timeout: 400_000 }, () => {
  it('are those the pure code collects; a row shows its vote, its target and its debate; all of it survives a reload', async () => {
    await make();
    const first = sets.find(({ header }) => header.size > 0)!;
    expect(await hashOf()).toBe(`#/data/${first.header.sha256}`);
    for (const { header } of sets.filter(({ header }) => header.size > 0))
      await page.locator(`a[href="#/data/${header.sha256}"]`).first().waitFor();

    const critic = sets.find(({ header }) => header.role === 'critic' && header.minus > 0)!;
    await page.locator(`a[href="#/data/${critic.header.sha256}"]`).first().click();
    await page.getByRole('button', { name: /^Corrected/ }).click();
    await shown(`${critic.header.minus} of ${critic.header.size} rows`);
    const row = critic.rows.find(({ kind }) => kind === 'corrected')!;
    await page.locator(`a[data-row="${row.hash}"]`).click();
    const detail = page.getByRole('region', { name: 'Row', exact: true });
    // Only the last answer is marked as trained; the wrong first one is context.
    await detail.locator('mark').first().waitFor();
    expect(await detail.locator('mark').count()).toBe(1);
    expect(await detail.locator('mark').innerText()).toContain(row.messages.at(-1)!.content.slice(0, 20));
    await shown('context only');
    await shown('Decided');
    await page.reload();
    await detail.waitFor();
    expect(await detail.locator('mark').innerText()).toContain(row.messages.at(-1)!.content.slice(0, 20));
    await detail.getByRole('link', { name: 'Open the turn in its debate' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    const turn = row.from.at(-1)!.slice(row.qid.length + 1);
    expect(await hashOf()).toBe(`#/runs/${encodeURIComponent(row.run)}/${encodeURIComponent(row.qid)}/${turn}`);
    await shown(batch.questions.get(row.qid)!.question.text);
    // The turn that is learnt lies open; closed, it stays closed.
    const sheet = page.getByRole('dialog');
    expect((await sheet.innerText()).replace(/\s+/g, ' ')).toContain(row.messages.at(-1)!.content.slice(0, 20).replace(/\s+/g, ' '));
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  it('rows are found, walked by keys, taken out, put back, and kept as a set of their own beside the whole one', async () => {
    await make();
    const { header, rows } = sets.find(({ header }) => header.size > 3)!;
    await page.locator(`a[href="#/data/${header.sha256}"]`).first().click();
    await page.getByRole('region', { name: 'Rows' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await hashOf()).toBe(`#/data/${header.sha256}/${rows[1]!.hash}`);
    await button('Take out').click();
    await page.locator(`a[data-row="${rows[0]!.hash}"]`).click();
    await button('Take out').click();
    await shown('2 rows taken out');
    await button('Undo').click();
    await shown('1 row taken out');
    await button('Put back').waitFor({ state: 'detached' });
    await button('Keep as a new set').click();
    // The words may stand there a moment before the address follows.
    await page.waitForFunction(whole => !location.hash.includes(whole), header.sha256);
    await shown('1 row taken out by hand');
    await shown(`made from ${header.sha256.slice(0, 8)}`);
    await page.reload();
    await shown('1 row taken out by hand');
    expect(await page.locator('a.out').count()).toBe(1);
    // The whole one is still there, and from the edited one the row can be put back.
    await page.locator(`a[data-row="${rows[1]!.hash}"]`).click();
    await button('Put back').click();
    await shown('Every row is back');
    await page.locator(`nav a[href="#/data/${header.sha256}"]`).click();
    await shown(`sha256 ${header.sha256}`);
    await page.getByRole('searchbox', { name: 'Search the rows' }).fill('nobody ever said this');
    await shown('No row fits');
    await button('Show all').click();
    await button('Delete').click();
    expect(await violations()).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await page.locator(`nav a[href="#/data/${header.sha256}"]`).waitFor({ state: 'detached' });
  });

  it('leave as archives that their validators pass, and come back', async () => {
    const tasks = await make();
    await button('Export').click();
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await dialog.getByLabel('With the other agents’ sets of the same collection').check();
    await dialog.getByText('Fits.').waitFor();
    const zipper = page.waitForEvent('worker', worker => worker.url().includes('zip.worker'));
    const files = unzipSync(new Uint8Array(await saved(() => dialog.getByRole('button', { name: 'Save the archive' }).click())));
    await zipper;
    const lines = strFromU8(files['generator_1.jsonl']!);
    expect(validate(lines, 'chat').filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(readFile(lines).rows).toEqual(sets[0]!.rows.map(({ messages }) => messages));
    await dialog.getByLabel('ShareGPT').check();
    await dialog.getByText('llamafactory-cli train generator_1.yaml').waitFor();
    const factory = unzipSync(new Uint8Array(await saved(() => dialog.getByRole('button', { name: 'Save the archive' }).click())));
    expect(Object.keys(factory)).toContain('dataset_info.json');
    await dialog.getByLabel('TRL preference').check();
    await dialog.getByText('trl dpo').waitFor();
    await tasks.note('export');
    tasks.verify();
    expect(await violations()).toEqual([]);
    await dialog.getByLabel('Polylogue').check();
    const own = await saved(() => dialog.getByRole('button', { name: 'Save the file' }).click());
    await page.keyboard.press('Escape');

    // Into a browser that has none of it.
    await app.fresh();
    page = await app.open('#/data');
    await shown('No training sets of your own yet');
    await button('Import').click();
    await page.getByLabel('File of rows').setInputFiles({ name: 'own.sets.json', mimeType: 'application/json', buffer: own });
    await button('Take over').click();
    await shown(`sha256 ${sets[0]!.header.sha256}`);
    await page.locator(`a[data-row="${sets[0]!.rows[0]!.hash}"]`).click();
    await shown('Its debate is not in this browser.');

    await button('Import').click();
    // Large enough to be read in a worker.
    const broken = `${lines.repeat(600)}{"messages":[{"role":"user","content":"q"}]}\n`;
    await page.getByLabel('File of rows').setInputFiles({ name: 'rows.jsonl', mimeType: 'text/plain', buffer: Buffer.from(broken) });
    await shown(`Line ${600 * sets[0]!.header.size + 1}: the last word is not the assistant’s`);
    expect(await button('Take over').isDisabled()).toBe(true);
    await page.getByLabel('File of rows').setInputFiles({ name: 'rows.jsonl', mimeType: 'text/plain', buffer: Buffer.from(lines) });
    await page.getByLabel('For the').selectOption('critic');
    await page.getByLabel('of agent').selectOption('1');
    await button('Take over').click();
    await page.getByRole('heading', { level: 2, name: 'Critic B' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 2, name: 'Critic B' }).waitFor();
  });

  it('come back from the very archives that were saved, in every format, agent by agent', async () => {
    await make();
    const filled = sets.filter(({ header }) => header.size > 0);
    const archives: { format: string; zip: Buffer }[] = [];
    await button('Export').click();
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await dialog.getByLabel('With the other agents’ sets of the same collection').check();
    for (const format of ['OpenAI chat JSONL', 'TRL prompt–completion', 'TRL preference', 'ShareGPT']) {
      await dialog.getByLabel(format).check();
      await dialog.getByText('Fits.').waitFor();
      archives.push({ format, zip: await saved(() => dialog.getByRole('button', { name: 'Save the archive' }).click()) });
    }
    await app.fresh();
    page = await app.open('#/data');
    for (const { format, zip } of archives) {
      await button('Import').click();
      const importing = page.getByRole('dialog', { name: 'Import rows' });
      await page.getByLabel('File of rows').setInputFiles({ name: `${format}.zip`, mimeType: 'application/zip', buffer: zip });
      await importing.getByText(/An archive with rows of \d agents?/).waitFor();
      const said = await importing.innerText();
      if (format === 'TRL preference') expect(said).toContain('Only the chosen answers were taken over');
      else for (const { header } of filled) expect(said).toContain(`${setName(header)}: ${header.size} row`);
      await button('Take over').click();
      await importing.waitFor({ state: 'detached' });
      await page.getByRole('heading', { level: 2, name: /^(Generator|Critic) [ABC]$/ }).waitFor();
    }
    await page.getByText('file ShareGPT.zip').first().waitFor();
    await button('Import').click();
    await page
      .getByLabel('File of rows')
      .setInputFiles({ name: 'torn.zip', mimeType: 'application/zip', buffer: archives[0]!.zip.subarray(0, 900) });
    await shown('It is no archive, or a part of it is missing.');
    await page.getByLabel('File of rows').setInputFiles({
      name: 'rows.jsonl',
      mimeType: 'text/plain',
      buffer: Buffer.from('{"messages":[{"role":"user","content":"q"}]}\n'),
    });
    await shown(/Line 1: the last word is not the assistant’s\s+Rule: after an optional system message/);
  });

  it('of a run of a thousand questions are counted and made in a worker, and while they are, the page is left', async () => {
    page = await app.open('#/runs');
    const large = manyTimes(recorded, 50);
    const events = JSON.stringify({ polylogue: 'run', schema: 1, events: large });
    const file = { name: 'large.run.json', mimeType: 'application/json', buffer: Buffer.from(events) };
    await page.getByLabel('Run files to import').setInputFiles(file);
    await page.getByRole('link', { name: '1000 × arithmetic' }).waitFor();
    await page.evaluate(() => void (location.hash = '#/data'));
    await shown('No training sets of your own yet');
    const all = await collectSets(foldAll(large), { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 });
    // On the page's own thread: 200 to count them, 400 to make them, on an idle machine.
    const tasks = await watchTasks(page);
    await button('Make sets from a run').click();
    const dialog = page.getByRole('dialog', { name: 'Make training sets' });
    await dialog.getByRole('row', { name: /^Critic C/ }).waitFor();
    await tasks.note('count');
    await dialog.getByLabel('Size of a critic’s set').selectOption('all');
    await dialog.getByRole('cell', { name: String(all.at(-1)!.header.size), exact: true }).waitFor();
    await tasks.note('count again');
    await dialog.getByRole('button', { name: 'Make 6 sets' }).click();
    await page.evaluate(() => void (location.hash = '#/learn'));
    await shown(/6 sets with .* rows made/);
    await tasks.note('make');
    await button('Show').last().click();
    await shown(`sha256 ${all[0]!.header.sha256}`);
    await tasks.note('open');
    await button('Train on this set').click();
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
    await tasks.note('before a training');
    tasks.verify(200);
    for (const { header } of all) await page.locator(`a[href="#/data/${header.sha256}"]`).first().waitFor();
  });

  it('of a debate that ships with the page are made without anything having been chosen', async () => {
    page = await app.open('#/data');
    await button('Make sets from a run').click();
    const dialog = page.getByRole('dialog', { name: 'Make training sets' });
    await dialog.getByRole('row', { name: /^Critic C/ }).waitFor();
    expect(await dialog.getByLabel('Debates').inputValue()).not.toBe('');
    await dialog.getByRole('button', { name: 'Make 6 sets' }).click();
    await page.getByRole('heading', { level: 2, name: 'Generator A' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('of a recorded loop are read where they ship, with their debate', async () => {
    const { events } = JSON.parse(readFileSync(join(root, 'public/runs/gentle/loop.json'), 'utf8')) as LoopFile;
    const collected = events.find(event => event.type === 'collected')!;
    const header = collected.sets.find(({ size }) => size > 0)!;
    page = await app.open(`#/data/${header.sha256}`);
    await page.getByRole('heading', { level: 2, name: /^(Generator|Critic) [ABC]$/ }).waitFor();
    await page.locator('a[data-row]').first().click();
    await shown('Decided');
    expect(await button('Delete').count()).toBe(0);
    await page.getByRole('link', { name: 'Open the turn in its debate' }).click();
    await page.getByRole('article').first().waitFor();
    await page.getByRole('dialog').waitFor();
  });

  it('say how large they would be before they are made, and what a setting means', async () => {
    page = await app.open('#/data');
    await button('Make sets from a run').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Debates').selectOption({ label: 'A recorded batch' });
    const exact = await collectSets(batch, datasetDefaults, { iteration: 1 });
    const critic = exact.find(({ header }) => header.role === 'critic')!.header;
    const line = dialog.getByRole('row', { name: /^Critic A/ });
    await line.waitFor();
    expect((await line.innerText()).split(/\s+/).slice(-5, -2)).toEqual([critic.size, critic.minus, critic.plus].map(String));
    await dialog.getByLabel('Share of corrected rows, w').fill('two thirds');
    await dialog.getByText('A share from 0 to 1, such as 0.5 or 2/3.').waitFor();
    expect(await dialog.getByRole('button', { name: /^Make/ }).isDisabled()).toBe(true);
    await dialog.getByLabel('Share of corrected rows, w').fill('1');
    await dialog.getByLabel('Rows are chosen by').selectOption('truth');
    await dialog.getByText('Not the paper’s: it uses the right answers.').waitFor();
    await dialog.getByRole('button', { name: 'Make 6 sets' }).click();
    await page.getByText('chosen by the right answer instead of the vote: not the paper’s').first().waitFor();
  });

  it('have nothing for axe to find, light or dark, wide or narrow, and fit the page', async () => {
    await make();
    const { header, rows } = sets.find(({ header }) => header.size > 0)!;
    for (const colorScheme of ['light', 'dark'] as const)
      for (const size of [
        { width: 1280, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize(size);
        for (const hash of ['#/data', `#/data/${header.sha256}`, `#/data/${header.sha256}/${rows[0]!.hash}`, `#/data/${'0'.repeat(64)}`]) {
          await page.evaluate(to => void (location.hash = to), hash);
          await page.waitForTimeout(200);
          expect([colorScheme, size.width, hash, await violations()]).toEqual([colorScheme, size.width, hash, []]);
          expect([hash, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([hash, size.width]);
        }
        await page.evaluate(() => void (location.hash = '#/data'));
        await button('Make sets from a run').click();
        await page.getByRole('row', { name: /^Critic A/ }).waitFor();
        expect([colorScheme, size.width, 'make', await violations()]).toEqual([colorScheme, size.width, 'make', []]);
        await page.keyboard.press('Escape');
      }
  });
});
