// One whole iteration of the closed loop in the built page, as a visitor starts it: the page's own engine, trainer and storage, nothing else.
import type { Page } from 'playwright-core';

import type { LoopEvent } from '../../experiment/records';
import { CliError } from '../errors';
import { serve } from '../serve';
import { withChromium } from './chromium';
import { timesOf, type LoopTimes } from './loop';

/** Everything the page has recorded of its loops. Source text, because a function would bring helpers of our own compiler. */
const recorded = `new Promise((done, failed) => {
  const opening = indexedDB.open('polylogue');
  opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('loopEvents').objectStore('loopEvents').getAll();
    reading.onerror = () => failed(reading.error);
    reading.onsuccess = () => { opening.result.close(); done(reading.result.map(({ event }) => event)); };
  };
})`;

async function iterationIn(page: Page, url: string, preset: string, patience: number): Promise<LoopTimes> {
  await page.goto(`${url}#/loop`);
  await page.getByRole('radio', { name: preset }).check();
  await page.locator('summary', { hasText: 'where training happens' }).click();
  await page.getByRole('textbox', { name: 'Iterations' }).fill('1');
  await page.getByRole('button', { name: 'Run this here' }).click();
  for (const until = performance.now() + patience; performance.now() < until;) {
    await page.waitForTimeout(1000);
    const events = (await page.evaluate(recorded)) as LoopEvent[];
    if (events.some(({ type }) => type === 'loop-finished')) return timesOf(events, 1);
    const alert = page.getByRole('alert').first();
    if (await alert.isVisible()) throw new CliError(`the page says: ${(await alert.innerText()).slice(0, 300)}`);
  }
  const last = ((await page.evaluate(recorded)) as LoopEvent[]).at(-1);
  throw new CliError(`the loop in the page was not done after ${Math.round(patience / 60_000)} minutes; it had come to "${last?.type}"`);
}

/** @param dist the built page @param preset as the page names it @throws CliError when the loop does not end */
export async function benchLoopInPage(dist: string, preset: string, patience = 30 * 60_000): Promise<LoopTimes> {
  const site = await serve({ dir: dist, port: 0 });
  try {
    return await withChromium(async context => iterationIn(await context.newPage(), site.url, preset, patience));
  } finally {
    await site.close();
  }
}
