// What only a browser refuses: the doctor must name it, in a real Chromium, against servers that misbehave one way each.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/finetune/check-report';
import type {} from '../pages/tuner/main';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

let built: Awaited<ReturnType<typeof buildPage>>;
let site: Site;
let browser: Browser;
let page: Page;
const servers: Server[] = [];

beforeAll(async () => {
  built = await buildPage('tuner');
  [site, browser] = await Promise.all([serveFolder(built.dir), launch()]);
  page = await browser.open(site.url);
  await page.waitForFunction('"tuner" in window');
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
  }
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serving(answer: Answer): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(up => server.listen(0, '127.0.0.1', up));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const allow = (request: IncomingMessage, response: ServerResponse, headers = 'authorization'): void => {
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
  response.setHeader('access-control-allow-headers', headers);
};
const list = '{"object":"list","data":[]}';
/** Does everything right. */
const good: Answer = (request, response) => {
  allow(request, response);
  response.end(request.method === 'OPTIONS' ? '' : list);
};

const check = async (url: string, on: Page = page): Promise<CheckReport> =>
  on.evaluate(`window.tuner.check(${JSON.stringify(url)}, 'a-key')`) as Promise<CheckReport>;
const failed = (report: CheckReport) => report.steps.find(({ state }) => state === 'failed');

describe('the doctor in a page', () => {
  it('finds nothing wrong with an endpoint of another origin that is in order', async () => {
    const report = await check(await serving(good));
    expect(failed(report)).toBe(undefined);
    expect(report.ok).toBe(true);
  });

  it('tells a server without CORS from one that is not there', async () => {
    const silent = await serving((_, response) => response.end(list));
    expect(failed(await check(silent))).toMatchObject({
      id: 'read',
      code: 'cors',
      next: expect.stringContaining(new URL(site.url).origin),
    });
    const port = await serving(good);
    const server = servers.pop()!;
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
    expect(failed(await check(port))).toMatchObject({ id: 'reach', code: 'unreachable' });
  });

  it('sees a preflight that does not allow the key', async () => {
    const url = await serving((request, response) => {
      allow(request, response, 'content-type');
      response.end(request.method === 'OPTIONS' ? '' : list);
    });
    expect(failed(await check(url))).toMatchObject({ id: 'read', code: 'cors', found: expect.stringContaining('Authorization') });
  });

  it('sees a redirect, and the key does not follow it', async () => {
    const followed: string[] = [];
    const target = await serving((request, response) => {
      followed.push(request.headers.authorization ?? 'without a key');
      good(request, response);
    });
    const url = await serving((request, response) => {
      allow(request, response);
      if (request.method === 'OPTIONS') return void response.end();
      response.writeHead(302, { location: `${target}/v1/models` }).end();
    });
    expect(failed(await check(url))).toMatchObject({ id: 'reach', code: 'redirect' });
    expect(followed).toEqual([]);
  });

  it('reads a refusal that carries CORS headers: the key', async () => {
    const url = await serving((request, response) => {
      allow(request, response);
      response.writeHead(request.method === 'OPTIONS' ? 204 : 401, { 'content-type': 'application/json' });
      response.end(request.method === 'OPTIONS' ? undefined : '{"error":{"code":"invalid_token","message":"no"}}');
    });
    expect(failed(await check(url))).toMatchObject({ id: 'key', code: 'auth' });
  });

  it('from an https page: mixed content, and the permission to reach this computer, denied and granted', async () => {
    const secure = await browser.context.newPage();
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
    await secure.route('https://page.example/**', route => {
      const path = new URL(route.request().url()).pathname;
      const file = path === '/' ? 'index.html' : path.slice(1);
      return route.fulfill({ body: readFileSync(join(built.dir, file)), contentType: types[extname(file)] ?? 'application/octet-stream' });
    });
    await secure.goto('https://page.example/');
    await secure.waitForFunction('"tuner" in window');
    const before = browser.foreign.length;
    expect(failed(await check('http://gpu.example:8787', secure))).toMatchObject({ id: 'address', code: 'mixed_content' });
    expect(browser.foreign.slice(before)).toEqual([]);
    // Chromium without a window answers "no" for its reader, as a reader may; then one says "yes".
    const url = await serving(good);
    expect(failed(await check(url, secure))).toMatchObject({
      id: 'address',
      code: 'local_network',
      next: expect.stringContaining('site settings'),
    });
    await browser.context.grantPermissions(['local-network-access'], { origin: 'https://page.example' });
    expect(await check(url, secure)).toMatchObject({ ok: true });
    await secure.close();
  });
});
