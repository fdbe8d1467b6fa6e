// The parts of the endpoint as a reader meets them: choosing a place, checking it, being asked before rows leave, watching and cancelling jobs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeEndpoint, type FakeJob } from '../fixtures/finetuning-endpoint';
import { violations as violationsOn } from './axe';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

let built: Awaited<ReturnType<typeof buildPage>>;
let site: Site;
let browser: Browser;
let page: Page;
let endpoint: FakeEndpoint;
let trains = true;

/** A script as a server: `Request` in, `Response` out. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const method = request.method!;
  const reply = await endpoint.fetch(`http://${request.headers.host}${request.url}`, {
    ...{ method, headers },
    ...(method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
  });
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  response.end(Buffer.from(await reply.arrayBuffer()));
}

beforeAll(async () => {
  built = await buildPage('endpoint', [svelte({ configFile: false })]);
  site = await serveFolder(built.dir, {
    async handle(request, response) {
      const path = request.url ?? '';
      if (path.startsWith('/endpoint.json') && trains) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ url: `${site.url}v1`, token: 'a-token-of-this-server', kind: 'server' }));
        return true;
      }
      if (!path.startsWith('/v1/')) return false;
      await answer(request, response);
      return true;
    },
  });
});
afterAll(async () => {
  await site?.close();
  built?.remove();
});
beforeEach(async () => {
  endpoint = new FakeEndpoint({ base: 'abacus' });
  browser = await launch();
  page = await browser.open(site.url);
  await page.getByRole('heading', { level: 1 }).waitFor();
});
afterEach(async () => {
  const { errors } = browser;
  trains = true;
  await browser.close();
  expect(errors).toEqual([]);
});

const violations = (): Promise<string[]> => violationsOn(page);
/** Nothing for axe, nothing wider than the screen, in both themes, wide and narrow. */
async function clean(what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 860 });
      // A colour on its way from one theme to the other is neither's.
      await page.waitForFunction('document.getAnimations().length === 0');
      expect([what, colorScheme, width, await violations()]).toEqual([what, colorScheme, width, []]);
      expect([what, width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([what, width, width]);
      if (process.env.POLYLOGUE_PICTURES)
        await page.screenshot({ path: `${process.env.POLYLOGUE_PICTURES}/${what}-${colorScheme}-${width}.png` });
    }
  await page.setViewportSize({ width: 1280, height: 860 });
}

/** Moves every job on by some steps. */
const advance = (steps: number): void => {
  for (const job of endpoint.jobs) {
    if (job.status !== 'queued' && job.status !== 'running') continue;
    job.status = 'running';
    const from = job.events.length;
    for (let step = from + 1; step <= from + steps; step++) endpoint.step(job, step, 40, 2 / step + 0.2, 1);
  }
};

describe('choosing a place to train', () => {
  it('offers what is there, by keyboard, and says what each means', async () => {
    const place = (name: RegExp) => page.getByRole('radio', { name });
    // A server that trains is the first choice.
    await expect.poll(() => place(/^This server/).isChecked()).toBe(true);
    await place(/^This server/).focus();
    await page.keyboard.press('ArrowUp');
    expect(await place(/^This page/).isChecked()).toBe(true);
    await clean('picker');
    await place(/^Another address/).click();
    await page.getByLabel('Base URL').fill('http://gpu.example:8787');
    await page.getByText(/calls no unencrypted host/).waitFor();
    expect(await page.getByRole('button', { name: 'Train', exact: true }).isDisabled()).toBe(true);
    await clean('wrong-address');
    // What was chosen is remembered, the key is not.
    await page.getByLabel('Base URL').fill('https://tuner.example');
    await page.getByLabel('Key', { exact: true }).fill('a-key-that-nobody-keeps');
    await page.reload();
    expect(await page.getByLabel('Base URL').inputValue()).toBe('https://tuner.example');
    expect(await page.getByLabel('Key', { exact: true }).inputValue()).toBe('');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('nobody-keeps');
  });

  it('a plain file server cannot be chosen', async () => {
    trains = false;
    await page.reload();
    await page.getByText('This page came from a plain file server.').waitFor();
    expect(await page.getByRole('radio', { name: /^This server/ }).isDisabled()).toBe(true);
    expect(await page.getByRole('radio', { name: /^This page/ }).isChecked()).toBe(true);
  });

  it('checks an endpoint and says which step failed and what to do', async () => {
    await page.getByRole('button', { name: 'Check the endpoint' }).click();
    await page.getByText('This endpoint can train.').waitFor();
    await clean('check-passed');
    const silent = createServer((_, response) => response.end('{}'));
    await new Promise<void>(up => silent.listen(0, '127.0.0.1', up));
    await page.getByRole('radio', { name: /^Another address/ }).click();
    await page.getByLabel('Base URL').fill(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await page.getByRole('button', { name: 'Check the endpoint' }).click();
    await page.getByText('This endpoint cannot train yet.').waitFor();
    await page.getByText(/--allow-origin/).waitFor();
    await clean('check-failed');
    silent.closeAllConnections();
    silent.close();
  });
});

describe('training at a server', () => {
  it('sends nothing before the reader agreed, then shows every job; one is cancelled, two come home', async () => {
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('393 rows').waitFor();
    expect(await dialog.textContent()).toContain(new URL(site.url).origin);
    expect(await dialog.textContent()).toContain('What is 7+3*8+2-4*5?');
    const sent = dialog.getByRole('region', { name: 'Files that would be sent' }).getByRole('row');
    expect(await sent.count()).toBe(4);
    expect(await sent.nth(1).textContent()).toMatch(/generator_1-it1-training-abababababab\.jsonl\s*131/);
    expect(await dialog.textContent()).toMatch(/does not state a price/);
    expect(endpoint.asked.filter(call => call.startsWith('POST'))).toEqual([]);
    await clean('consent');
    await dialog.getByRole('button', { name: /^Send to/ }).click();
    await expect.poll(() => endpoint.jobs.length).toBe(3);
    advance(12);
    await page
      .getByText(/step 12 of 40/)
      .first()
      .waitFor();
    await page
      .getByText(/28 s left/)
      .first()
      .waitFor();
    await clean('jobs');
    await page.getByRole('button', { name: 'Cancel generator_2' }).click();
    await page.getByText('The job was cancelled here.').first().waitFor();
    const job = (agent: string): FakeJob => endpoint.jobs.find(({ metadata }) => metadata.agent === agent)!;
    expect(job('generator_2').status).toBe('cancelled');
    endpoint.succeed(job('generator_1'));
    endpoint.succeed(job('critic_1'));
    await page.getByText('trained · The job was cancelled here. · trained').waitFor();
    await clean('jobs-ended');

    // What was left there can be seen, and deleted.
    await page.getByRole('button', { name: 'What is kept there' }).click();
    const kept = page.getByRole('list', { name: 'Kept at the endpoint' });
    await kept.getByText('loop-1').waitFor();
    expect(await kept.textContent()).toMatch(/3 jobs · 2 models/);
    await clean('kept');
    await kept.getByRole('button', { name: 'Delete what is kept of loop-1' }).click();
    await page.getByRole('dialog').getByText('2 trained models').waitFor();
    await clean('delete-kept');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => endpoint.asked.filter(call => call.startsWith('DELETE /v1/models/')).length).toBe(2);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('closing the question is a no: nothing was sent', async () => {
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Nothing was sent: the rows were not released.').first().waitFor();
    expect(endpoint.asked.filter(call => call.startsWith('POST'))).toEqual([]);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});
