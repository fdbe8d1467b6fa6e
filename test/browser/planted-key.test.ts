// A key that is typed into the page, kept there, and repeated by its endpoint wherever it can: it lies in the store of keys and nowhere else.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeEndpoint } from '../fixtures/finetuning-endpoint';
import { copyApp, launch, serveFolder, type Browser, type Site } from './harness';

const key = 'sk-planted-5b1f0c7e9a2d4836';
const endpoint = new FakeEndpoint({ base: 'abacus' });
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let app: { dir: string; remove(): void };
let site: Site;
let tuner: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  endpoint.intercept = (call, request) => {
    const own = request.headers.get('authorization') ?? '';
    const id = /^GET .*\/jobs\/(ftjob-\d+)$/.exec(call)?.[1];
    const job = id === undefined ? undefined : endpoint.job(id);
    if (job?.status !== 'queued') return null;
    endpoint.step(job, 1, 1, 1);
    endpoint.say(job, `trained for ${own}`, { owner: own }, 'warn');
    if (job.metadata.agent === 'generator_1') {
      job.status = 'failed';
      job.error = { code: 'oom', message: `no memory for ${own}` };
    } else {
      endpoint.succeed(job);
      const config = new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', owner: own }));
      job.result_files = [endpoint.file('out/adapter_config.json', config), ...job.result_files.slice(1)];
    }
    return null;
  };
  app = copyApp();
  site = await serveFolder(app.dir);
  tuner = await serveFolder(app.dir, {
    async handle(request, response) {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-headers', 'authorization, content-type, idempotency-key');
      response.setHeader('access-control-allow-methods', 'GET, POST, DELETE');
      if (request.method === 'OPTIONS') {
        response.writeHead(204).end();
        return true;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const reply = await endpoint.fetch(`http://${request.headers.host}${request.url}`, {
        ...{ method: request.method!, headers },
        ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
      });
      response.writeHead(reply.status, Object.fromEntries(reply.headers));
      response.end(Buffer.from(await reply.arrayBuffer()));
      return true;
    },
  });
  browser = await launch();
  browser.context.setDefaultTimeout(120_000);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), tuner?.close()]);
  app?.remove();
});

/** Every record of every database of this page, and all it keeps beside them. */
const kept = (): Promise<Record<string, string>> =>
  page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((done, fail) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => fail(request.error);
      });
    // Bytes are text here: a key in a file of weights would be one, too.
    const plain = (_: string, value: unknown): unknown =>
      ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? new TextDecoder('latin1').decode(value) : value;
    const all: Record<string, string> = { local: JSON.stringify({ ...localStorage }), session: JSON.stringify({ ...sessionStorage }) };
    for (const { name } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name!));
      for (const store of database.objectStoreNames)
        all[`${name}/${store}`] = JSON.stringify(await asked(database.transaction(store).objectStore(store).getAll()), plain);
      database.close();
    }
    for (const cache of await caches.keys())
      all[`cache ${cache}`] = (await (await caches.open(cache)).keys()).map(({ url }) => url).join(' ');
    return all;
  });

async function saved(press: () => Promise<unknown>): Promise<Uint8Array> {
  const saving = page.waitForEvent('download');
  await press();
  return readFileSync(await (await saving).path());
}

it('is in no record, log, address or file that leaves', { timeout: 400_000 }, async () => {
  page = await browser.open(`${site.url}sub/path/#/loop`);
  const said: string[] = [];
  page.on('console', message => said.push(message.text()));
  await page.getByText('trained in this page').click();
  for (const [label, value] of Object.entries({ Iterations: '1', 'Training questions': '6', 'Held-out questions': '2', Agents: '2' }))
    await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByRole('radio', { name: /^Another address/ }).click();
  await page.getByLabel('Base URL').fill(tuner.url);
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('checkbox', { name: /^Keep the key/ }).check();
  await page.getByRole('button', { name: 'Run this here' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Send to/ })
    .click();
  // What the endpoint says about its failure is shown and kept, without the key.
  await page.waitForFunction(() => /no memory for/.test(document.body.innerText));
  await expect.poll(async () => (await kept())['polylogue/adapters']?.length ?? 0).toBeGreaterThan(2);
  expect(endpoint.jobs.length).toBeGreaterThan(1);

  const outlets: Record<string, string> = await kept();
  expect(outlets['polylogue-secrets/keys']).toContain(key);
  delete outlets['polylogue-secrets/keys'];
  outlets.page = await page.evaluate(() => document.documentElement.outerHTML);
  outlets.address = page.url();
  outlets['loop file'] = text(gunzipSync(await saved(() => page.getByRole('button', { name: 'Export', exact: true }).first().click())));
  const opened = (zip: Uint8Array): string => Object.values(unzipSync(zip)).map(text).join('\n');
  outlets['weights zip'] = opened(await saved(() => page.getByRole('button', { name: 'Export weights' }).click()));
  await page.evaluate(() => void (location.hash = '#/runs'));
  outlets['backup zip'] = opened(
    await saved(async () => {
      await page.getByRole('button', { name: 'Backup' }).click();
      await page.getByRole('menuitem', { name: 'Back up everything' }).click();
    }),
  );
  outlets.console = said.join('\n');
  for (const [name, outlet] of Object.entries(outlets)) expect([name, outlet.includes(key)]).toEqual([name, false]);
  expect(Object.keys(outlets)).toEqual(expect.arrayContaining(['polylogue/loops', 'polylogue/events', 'polylogue/adapters']));
});
