// Runs passed on: a list of them at an address, a file without its reasoning, a link from a row of a batch.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunFile } from '../../src/debate/events';
import { openForeign } from '../../src/share/open';
import { script } from '../../src/share/mutations.fixture';
import { root } from '../steps';
import { violations } from './axe';
import { copyApp, launch, serveFolder, type Browser, type Site } from './harness';

const featured = readFileSync(join(root, 'public/runs/featured.run.json'));
const title = 'Another course';

let app: { dir: string; remove(): void };
let site: Site;
let elsewhere: Site;
let browser: Browser;
let page: Page;
/** Paths asked of the other host. */
const asked: string[] = [];
const at = (hash: string): string => `${site.url}sub/path/${hash}`;

const list = {
  polylogue: 'index',
  schema: 1,
  title,
  about: script,
  runs: [
    { title: 'The featured debate', url: 'featured.run.json', bytes: featured.length, about: 'Three agents, two rounds.' },
    { title: 'Gone', url: 'gone.run.json' },
  ],
};

beforeAll(async () => {
  app = copyApp();
  site = await serveFolder(app.dir);
  elsewhere = await serveFolder(app.dir, {
    handle(request, response) {
      asked.push(request.url ?? '');
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', 'application/json');
      if (request.url === '/course/runs.json') response.end(JSON.stringify(list));
      else if (request.url === '/course/featured.run.json') response.end(featured);
      else response.writeHead(404).end();
      return true;
    },
  });
  browser = await launch();
  browser.context.setDefaultTimeout(60_000);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), elsewhere?.close()]);
  app?.remove();
});

const shown = (text: RegExp): Promise<unknown> =>
  page.waitForFunction(pattern => new RegExp(pattern, 'm').test(document.body.innerText), text.source);
/** Nothing for axe, and nothing wider than the screen, in both themes, wide and narrow. */
async function clean(what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 860 });
      await page.waitForFunction(() => document.getAnimations().every(({ effect }) => effect?.getTiming().iterations === Infinity));
      const found: string[] = await violations(page);
      expect([what, colorScheme, width, found]).toEqual([what, colorScheme, width, []]);
      expect([what, width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([what, width, width]);
      if (process.env.POLYLOGUE_PICTURES)
        await page.screenshot({ path: `${process.env.POLYLOGUE_PICTURES}/${what}-${colorScheme}-${width}.png` });
    }
  await page.setViewportSize({ width: 1280, height: 860 });
}

it('a list on another host is named first and fetched on click; a run of it is named and fetched in turn', async () => {
  page = await browser.open(at(`#index=${encodeURIComponent(`${elsewhere.url}course/runs.json`)}`));
  await shown(/Open a list of runs from/);
  expect(asked).toEqual([]);
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('heading', { name: title }).waitFor();
  // What it says of itself is text, whatever it says.
  expect(await page.getByText(script).count()).toBe(1);
  expect(asked).toEqual(['/course/runs.json']);
  await clean('gallery');
  await page.getByRole('link', { name: 'The featured debate' }).click();
  await shown(/Open a run from/);
  expect(asked).toHaveLength(1);
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('article').first().waitFor();
  await shown(/Unverified model output/);
  // Back to the list, and to the one that is gone.
  await page.goBack();
  await shown(/Open a list of runs from/);
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('link', { name: 'Gone' }).click();
  await page.getByRole('button', { name: 'Open it' }).click();
  await shown(/answered 404/);
  expect(browser.errors).toEqual([]);
});

it('a list on this host opens at once; what is none says so', async () => {
  page = await browser.open(at('#index=runs%2Ffeatured.run.json'));
  await shown(/There is no list of runs at this address/);
  expect(browser.errors).toEqual([]);
});

it('a row of a batch gives a link to its debate, and a file may leave without the reasoning', async () => {
  page = await browser.open(at('#run=runs%2Fbatch.run.json'));
  await shown(/Share of right answers by round/);
  const row = page.getByRole('region', { name: 'Questions and answers' }).getByRole('row').nth(4);
  const question = (await row.getByRole('link').first().textContent())!;
  await row.getByRole('button', { name: `Link to ${question}` }).click();
  const dialog = page.getByRole('dialog');
  const link = await dialog.getByRole('textbox', { name: 'Link', exact: true }).inputValue();
  const opened = await openForeign(link);
  expect([...opened.state.questions.values()].map(one => one.question.text)).toEqual([question]);

  await dialog.getByRole('checkbox', { name: 'this question only' }).check();
  await dialog.getByRole('checkbox', { name: 'without reasoning' }).check();
  await clean('share');
  const saving = page.waitForEvent('download');
  await dialog.getByRole('button', { name: /^Download/ }).click();
  const bytes = gunzipSync(readFileSync(await (await saving).path()));
  const { abridged, edited, state } = await openForeign(bytes.toString());
  expect([abridged, edited]).toEqual([true, 'intact']);
  const [whole] = opened.state.questions.values();
  const [short] = state.questions.values();
  expect([...short!.turns.values()].map(turn => turn.answer?.key)).toEqual([...whole!.turns.values()].map(turn => turn.answer?.key));
  expect(short!.vote).toEqual(whole!.vote);
  const texts = (JSON.parse(bytes.toString()) as RunFile).events.flatMap(event => (event.type === 'turn' ? [event.turn.text] : []));
  expect(Math.max(...texts.map(text => text.length))).toBeLessThan(120);
  expect(browser.errors).toEqual([]);
});
