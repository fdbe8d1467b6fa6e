// What a reader waits for: first paint of the recording, script before it, and the time from click to the first live word.
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { serve } from '../serve';
import { median } from '../../models/bench/median';
import { withChromium } from './chromium';

export interface PageTimes {
  /** ms from navigation to the first turn card on screen, median of fresh profiles. */
  replayMs: number;
  /** First contentful paint as the browser reports it, ms. */
  paintMs: number;
  /** Script fetched before that card, bytes after gzip. */
  scriptBytes: number;
  /** ms from the click on "Run live" to the first word of a model, with nothing loaded before. */
  liveMs: number;
  runs: number;
}

interface Marks {
  card: number;
  click: number;
  word: number;
}

/** Runs in the page before its own scripts: notes when a card is painted, when the button is pressed, when a live word appears. */
// Source text, because a function would reach the page with helpers of our own compiler in it.
const watch = `{
  const marks = { card: 0, click: 0, word: 0 };
  globalThis.benchMarks = marks;
  addEventListener('click', () => { marks.click = performance.now(); }, true);
  const look = () => {
    if (!marks.card && document.querySelector('article')) marks.card = performance.now();
    if (marks.click && !marks.word && document.querySelector('article .streaming')?.textContent.trim()) marks.word = performance.now();
    if (!marks.word) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}`;

async function marksOf(page: Page, key: keyof Marks): Promise<number> {
  const found = await page.waitForFunction(name => (globalThis as unknown as { benchMarks: Marks }).benchMarks[name], key, {
    timeout: 60_000,
  });
  return (await found.jsonValue()) as number;
}

async function once(url: string): Promise<Omit<PageTimes, 'runs'>> {
  return withChromium(async context => {
    const page = await context.newPage();
    await page.addInitScript({ content: watch });
    const scripts: Promise<Buffer>[] = [];
    let before = true;
    page.on('response', response => {
      if (before && response.request().resourceType() === 'script') scripts.push(response.body());
    });
    await page.goto(url, { waitUntil: 'commit' });
    const replayMs = await marksOf(page, 'card');
    before = false;
    const bodies = await Promise.all(scripts);
    const paintMs = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN);
    await page.waitForLoadState('networkidle');
    await page.getByRole('button', { name: 'Run live' }).click();
    const word = await marksOf(page, 'word');
    const liveMs = word - (await marksOf(page, 'click'));
    return { replayMs, paintMs, scriptBytes: bodies.reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0), liveMs };
  });
}

/** Measures the built page in `dist`, each time with a fresh profile. @throws CliError when there is no Chromium */
export async function benchPage(dist: string, runs: number): Promise<PageTimes> {
  const site = await serve({ dir: dist, port: 0 });
  const all: Omit<PageTimes, 'runs'>[] = [];
  try {
    for (let i = 0; i < runs; i++) all.push(await once(site.url));
  } finally {
    await site.close();
  }
  const of = (key: keyof Omit<PageTimes, 'runs'>): number => median(all.map(times => times[key]));
  return { replayMs: of('replayMs'), paintMs: of('paintMs'), scriptBytes: of('scriptBytes'), liveMs: of('liveMs'), runs };
}
