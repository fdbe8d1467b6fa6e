// A loop that nobody trains for: its sets are carried away, trained by a tuner outside this page, and the weights given back by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { TunedFiles } from '../../src/models/engine';
import { trainElsewhere } from '../fixtures/train-elsewhere';
import { violations as violationsOn } from './axe';
import { journey, shown as shownOn } from './journey';

let page: Page;

const app = journey({ isolate: true });

const violations = (): Promise<string[]> => violationsOn(page);
const shown = (text: string | RegExp): Promise<void> => shownOn(page, text);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const loose = (files: TunedFiles) =>
  Object.entries(files).map(([name, data]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(data) }));
/** With its configuration changed. */
const changed = (files: TunedFiles, change: object): TunedFiles => ({
  ...files,
  'adapter_config.json': utf8(JSON.stringify({ ...(JSON.parse(textOf(files['adapter_config.json']!)) as object), ...change })),
});

it('waits with its sets, tries what is given, keeps it over a reload, and goes on when all are settled', { timeout: 400_000 }, async () => {
  page = await app.open('#/loop');
  await page.getByText('trained in this page').click();
  await page.getByRole('radio', { name: /^Export only/ }).click();
  const fill = (label: string, value: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(value);
  await fill('Iterations', '1');
  await fill('Training questions', '6');
  await fill('Held-out questions', '2');
  await fill('Agents', '2');
  await page.getByText('Further settings').click();
  await fill('Questions scored for surprise', '0');
  await page.getByLabel('A critic without corrected rows').selectOption('other');
  await page.getByRole('button', { name: 'Run this here' }).click();

  const panel = page.getByRole('region', { name: 'Weights by hand, iteration 1' });
  await panel.waitFor();
  const agent = (name: string) => panel.getByRole('listitem').filter({ hasText: new RegExp(`^\\s*${name}`, 'i') });
  await expect.poll(() => panel.getByRole('listitem').count()).toBe(4);
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect([width, await violations()]).toEqual([width, []]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    if (process.env.POLYLOGUE_PICTURES)
      await page.screenshot({ path: `${process.env.POLYLOGUE_PICTURES}/by-hand-${width}.png`, fullPage: true });
  }

  const saving = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Download 4 sets' }).click();
  const path = join(app.dir, 'sets.zip');
  await (await saving).saveAs(path);
  const sets = unzipSync(new Uint8Array(readFileSync(path)));
  expect(textOf(sets['README.txt']!)).toMatch(/Base: abacus\..*generator_1: LoRA, rank/s);
  const carried = (['generator_1', 'critic_1'] as const).map(name => {
    const validation = sets[`${name}/validation.jsonl`];
    return { agent: name, training: textOf(sets[`${name}/train.jsonl`]!), validation: validation ? textOf(validation) : null };
  });
  const trained = await trainElsewhere(carried, join(app.dir, 'elsewhere'));
  const [generator, critic] = [trained.get('generator_1')!, trained.get('critic_1')!];

  // As loose files, with the probe that the tuner wrote.
  await panel.getByLabel(/^Weights of generator A$/i).setInputFiles(loose(generator));
  await agent('generator A').getByText('settled').waitFor();
  // What is wrong is said, and whatever speaks against the files is no end.
  const input = panel.getByLabel(/^Weights of critic A$/i);
  await input.setInputFiles(loose(critic).slice(0, 1));
  await shown('Not taken. adapter_model.safetensors is missing. Give adapter_config.json and adapter_model.safetensors');
  await input.setInputFiles(loose(changed(critic, { lora_alpha: 64 })));
  await shown(/Not taken\. Its weights do not compute what was trained/);
  expect(await panel.getByRole('button', { name: /anyway/ }).count()).toBe(0);
  expect(await violations()).toEqual([]);
  // Same shapes, no probe, another base by name: both names are told, and the reader may know better.
  const { 'probe.json': _, ...bare } = changed(critic, { base_model_name_or_path: 'lab/other' });
  await input.setInputFiles([{ name: 'critic.zip', mimeType: 'application/zip', buffer: Buffer.from(zipSync({ out: bare })) }]);
  await shown('Not taken. It says that it was trained on lab/other; abacus is loaded here.');
  await panel.getByRole('button', { name: /^Use it anyway: critic A$/i }).click();
  await agent('critic A').getByText('settled').waitFor();

  // What was given is kept; only the others are asked for again.
  await page.reload();
  await page.getByRole('button', { name: 'Resume' }).click();
  await panel.waitFor();
  await expect.poll(() => panel.getByRole('listitem').count()).toBe(2);
  expect(await agent('critic A').count()).toBe(0);
  // Dropped on its row, it is this agent's; the page around it leaves it alone.
  const dropped = [...zipSync(generator)];
  await agent('critic B').evaluate((row, bytes) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], 'mine.zip'));
    row.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, dropped);
  await agent('critic B').getByText('settled').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  await panel.getByRole('button', { name: /^Leave as it is: generator B$/i }).click();

  await shown(/100 % · finished/);
  await shown('after iteration 1');
  expect(await page.getByText('✓ arrived as trained').count()).toBe(2);
  await shown('no probe came with it');
  await shown('left as it was, as the reader chose');
  expect(await violations()).toEqual([]);
  // It speaks: the base and the agent that was given say something, and the rows of the vote name it.
  await page
    .getByRole('button', { name: /^Talk to/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Ask both' }).click();
  await page.waitForFunction(
    () => document.querySelectorAll('dialog .text').length === 2 && !document.querySelector('dialog [aria-busy="true"]'),
  );
});
