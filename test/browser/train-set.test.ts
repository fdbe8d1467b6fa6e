// One set, trained from the Data screen in the page itself: watched over a reload, tried, kept, spoken with, deleted.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { violations as violationsOn } from './axe';
import { journey, shown as shownOn } from './journey';

let page: Page;

const app = journey({ isolate: true });

const violations = (): Promise<string[]> => violationsOn(page);
const shown = (text: string | RegExp): Promise<void> => shownOn(page, text);

it('trains on one set, goes on by itself after a reload, and keeps what came of it', { timeout: 400_000 }, async () => {
  page = await app.open('#/data');
  await page.getByRole('navigation', { name: 'Recorded training sets' }).getByRole('link', { name: /rows/ }).first().click();
  await page.getByRole('button', { name: 'Train on this set' }).click();
  const panel = page.getByRole('region', { name: 'Train on this set' });
  const train = panel.getByRole('button', { name: 'Train', exact: true });
  await train.waitFor();
  // Where nobody trains, nothing starts.
  await panel.getByRole('radio', { name: /^Export only/ }).click();
  expect(await train.isDisabled()).toBe(true);
  await panel.getByText('Nobody trains there.').waitFor();
  expect(await panel.innerText()).not.toMatch(/The loop/);
  await panel.getByRole('radio', { name: /^This page/ }).click();
  // The settings are there to be seen and changed; what cannot be trained is said before anything starts.
  await panel.getByText(/^Training settings: LoRA, rank 8/).click();
  await panel.getByLabel('Preset').selectOption('Collapse');
  await panel.getByText(/^Training settings: full weights; 100 updates/).waitFor();
  await panel.getByLabel('Preset').selectOption('Gentle');
  await panel.getByLabel('Learning rate').fill('2');
  await panel.getByText('Learning rate: a number above 0 and at most 1 is needed.').first().waitFor();
  expect(await train.isDisabled()).toBe(true);
  await panel.getByLabel('Learning rate').fill('0.001');
  await panel.getByLabel('Updates').fill('30');
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect([width, await violations()]).toEqual([width, []]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    if (process.env.POLYLOGUE_PICTURES)
      await page.screenshot({ path: `${process.env.POLYLOGUE_PICTURES}/train-set-${width}.png`, fullPage: true });
  }
  await train.click();
  await panel.getByText(/step [1-9]\d* of 30/).waitFor();
  expect(await violations()).toEqual([]);
  // The set is open again, and so is its training.
  await page.reload();
  await panel.getByText(/step [1-9]\d* of 30/).waitFor();
  // On another screen it goes on.
  await page.evaluate(() => void (location.hash = '#/learn'));
  await page.waitForTimeout(500);
  await page.goBack();
  await page.getByRole('button', { name: 'Train on this set' }).waitFor();
  if (!(await panel.isVisible())) await page.getByRole('button', { name: 'Train on this set' }).click();
  await shown('Trained and kept. Here they compute what their trainer recorded.');
  const kept = panel.getByRole('list', { name: 'Weights that were trained on it' }).getByRole('listitem');
  expect(await kept.count()).toBe(1);
  expect(await kept.textContent()).toContain('with these settings');
  expect(await violations()).toEqual([]);
  await kept.getByRole('button', { name: /^Talk to/ }).click();
  await page.getByLabel('Question').fill('What is 3+4*5?');
  await page.getByRole('button', { name: 'Ask both' }).click();
  await page.waitForFunction(
    () => document.querySelectorAll('dialog .text').length === 2 && !document.querySelector('dialog [aria-busy="true"]'),
  );
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.getByRole('button', { name: 'Close' }).click();
  // It outlives the page, and goes when it is told to.
  await page.reload();
  await page.getByRole('button', { name: 'Train on this set' }).click();
  await expect.poll(() => kept.count()).toBe(1);
  await kept.getByRole('button', { name: /^Delete/ }).click();
  await expect.poll(() => kept.count()).toBe(0);
});
