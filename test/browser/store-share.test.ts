// Links and run files in a real browser, whose streams are not Node's: what one writes the other reads, and broken ones end the same way.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {} from '../pages/store/main';
import type { Page } from 'playwright-core';
import { encodeRunFile } from '../../src/share/file';
import { encodeLink } from '../../src/share/link';
import { openForeign } from '../../src/share/open';
import { seededRandom } from '../../src/tasks/arithmetic/random';
import { fixtureRun } from '../fixtures/run';
import { launch, servePage, type Browser, type Site } from './store-harness';

let site: Site;
let browser: Browser;
let page: Page;
const { events } = fixtureRun();
const qid = 'arithmetic:7+3*8+2-4*5';

beforeAll(async () => {
  [site, browser] = await Promise.all([servePage('store'), launch()]);
  page = await browser.context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => 'lab' in window);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

const openInPage = (fragment: string) =>
  page.evaluate(async text => {
    const { file, edited } = await window.lab.openForeign(text);
    return { events: file.events, edited };
  }, fragment);

test('a link made in either place opens in the other as the same run', async () => {
  const { fragment } = await encodeLink(events, qid);
  const theirs = await page.evaluate(
    async ([events, qid]) => {
      const { fragment } = await window.lab.encodeLink(events, qid);
      return fragment;
    },
    [events, qid] as const,
  );
  const here = await openForeign(theirs!);
  const there = await openInPage(fragment!);
  expect(there.edited).toBe('consistent');
  expect(there.events).toEqual(here.file.events);
});

test('a gzipped file made in either place opens in the other, intact', async () => {
  const bytes = Array.from(new Uint8Array(await (await encodeRunFile(events, true)).arrayBuffer()));
  const theirs = await page.evaluate(
    async ([bytes, events]) => {
      const said = await window.lab.opened(new Uint8Array(bytes));
      const made = await (await window.lab.encodeRunFile(events, true)).arrayBuffer();
      return { said, made: Array.from(new Uint8Array(made)) };
    },
    [bytes, events] as const,
  );
  expect(theirs.said).toBe('intact');
  expect((await openForeign(new Uint8Array(theirs.made))).file.events).toEqual(events);
});

test('300 broken links and files end in clear errors or clean runs', async () => {
  const random = seededRandom('hostile in a page');
  const { fragment } = await encodeLink(events, qid);
  const gzipped = new Uint8Array(await (await encodeRunFile(events, true)).arrayBuffer());
  const links = Array.from({ length: 150 }, () => {
    const at = 3 + Math.floor(random() * (fragment!.length - 3));
    const change = Math.floor(random() * 3);
    if (change === 0) return fragment!.slice(0, at);
    if (change === 1) return `${fragment!.slice(0, at)}A${fragment!.slice(at + 1)}`;
    return fragment! + fragment!.slice(at);
  });
  const files = Array.from({ length: 150 }, () => {
    const copy = gzipped.slice(0, random() < 0.4 ? Math.floor(random() * gzipped.length) : gzipped.length);
    if (copy.length > 0) copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
    return Array.from(copy);
  });
  const said = await page.evaluate(
    async ([links, files]) => {
      const found: string[] = [];
      for (const link of links) found.push(await window.lab.opened(link));
      for (const bytes of files) found.push(await window.lab.opened(new Uint8Array(bytes)));
      return found;
    },
    [links, files] as const,
  );
  expect(said).toHaveLength(300);
  expect(said.filter(code => code.startsWith('not a share error'))).toEqual([]);
  expect(said.filter(code => code === 'damaged').length).toBeGreaterThan(200);
});

test('a bomb stops at the ceiling in a page too', async () => {
  const said = await page.evaluate(async () => {
    const zeros = new Blob([new Uint8Array(100_000_000)]).stream().pipeThrough(new CompressionStream('gzip'));
    return window.lab.opened(new Uint8Array(await new Response(zeros).arrayBuffer()));
  });
  expect(said).toBe('too-large');
});
