// The proxy before a real endpoint on a real socket: the dialect passes, the key stays, and nothing leads elsewhere.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createClient } from '../finetune/client';
import type { ErrorBody } from '../finetune/wire';
import { openClient, token, type Client } from './fixtures/client';
import { jsonl, sums } from './fixtures/rows';
import { asListener } from './listen-node';
import { createProxy } from './proxy';

const key = 'key-of-the-upstream';
const seen: Pick<IncomingMessage, 'url' | 'headers'>[] = [];
let upstream: Client;
let url: string;
let redirect: string | null = null;
const server = createServer((request, response) => {
  seen.push({ url: request.url, headers: { ...request.headers } });
  if (redirect !== null) return void response.writeHead(307, { location: redirect }).end();
  request.headers.authorization = request.headers.authorization === `Bearer ${key}` ? `Bearer ${token}` : 'none';
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    if (request.rawHeaders[i]!.toLowerCase() === 'authorization') request.rawHeaders[i + 1] = request.headers.authorization;
  request.url = request.url!.replace(/^\/deep\/v1/, '/v1');
  response.setHeader('set-cookie', 'a=b');
  asListener(upstream.fetch)(request, response);
});

beforeAll(async () => {
  upstream = await openClient();
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deep/v1`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  seen.length = 0;
  redirect = null;
});

const log: string[] = [];
const open = (to = url) =>
  createProxy({ upstream: to, key, token: 'own', hosts: null, origins: ['http://page.test'], log: line => log.push(line) });
const ask = (path: string, init: RequestInit = {}, proxy = open()) =>
  proxy.fetch(
    new Request(`http://proxy.test${path}`, {
      ...init,
      headers: {
        authorization: 'Bearer own',
        cookie: 'secret=1',
        'x-forwarded-for': '1.2.3.4',
        ...(init.headers as Record<string, string>),
      },
    }),
  );
const codeOf = async (response: Response) => [response.status, ((await response.json()) as ErrorBody).error.code];

test('passes the dialect on under its own key, and answers with CORS of its own', async () => {
  const form = new FormData();
  form.set('purpose', 'fine-tune');
  form.set('file', jsonl(sums(2)));
  const upload = await ask('/v1/files', { method: 'POST', body: form, headers: { origin: 'http://page.test' } });
  expect(upload.status).toBe(200);
  expect(upload.headers.get('access-control-allow-origin')).toBe('http://page.test');
  expect(upload.headers.get('set-cookie')).toBe(null);
  const { id } = (await upload.json()) as { id: string };
  expect(await (await ask(`/v1/files/${id}/content`)).text()).toBe(sums(2));
  const list = await ask('/v1/files?limit=1&order=asc');
  expect(((await list.json()) as { data: unknown[] }).data).toHaveLength(1);
  expect(seen.map(request => request.url)).toEqual(['/deep/v1/files', `/deep/v1/files/${id}/content`, '/deep/v1/files?limit=1&order=asc']);
  for (const { headers } of seen) {
    expect(headers.authorization).toBe(`Bearer ${key}`);
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('origin');
    expect(headers).not.toHaveProperty('x-forwarded-for');
  }
});

test.each([
  [undefined, null],
  ['nebius', 'nebius'],
] as const)('says who is behind it (%s)', async (profile, told) => {
  const proxy = createProxy({ upstream: url, key, token: 'own', hosts: null, ...(profile ? { profile } : {}) });
  const { data, ...list } = (await (await ask('/v1/models', {}, proxy)).json()) as { data: { id: string }[] };
  expect(list).toEqual({ object: 'list', proxy: { upstream: new URL(url).origin, profile: told } });
  expect(data.map(({ id }) => id)).toContain('tiny');
  expect(JSON.stringify(list)).not.toContain(key);
  // One model, and what is no list, are not its business.
  expect(await (await ask('/v1/models/tiny', {}, proxy)).json()).not.toHaveProperty('proxy');
  const client = createClient({ baseUrl: 'http://proxy.test', token: 'own', fetch: (to, init) => proxy.fetch(new Request(to, init)) });
  expect(await client.meet(new AbortController().signal)).toMatchObject({ upstream: new URL(url).origin, profile: { id: 'tuner' } });
});

test('describes the dialect itself', async () => {
  expect(await (await ask('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
  expect(seen).toEqual([]);
});

test('passes errors and streams on', async () => {
  expect(await codeOf(await ask('/v1/fine_tuning/jobs/ftjob-aaaaaaaaaaaaaaaaaaaaaaaa'))).toEqual([404, 'not_found']);
  const { id } = await upstream.order();
  const stream = await ask(`/v1/fine_tuning/jobs/${id}/events`, { headers: { accept: 'text/event-stream' } });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  expect(await stream.text()).toContain('event: done');
});

test('takes its own token only, and never sends it on', async () => {
  expect(await codeOf(await ask('/v1/models', { headers: { authorization: `Bearer ${key}` } }))).toEqual([401, 'invalid_token']);
  expect(seen).toEqual([]);
});

test.each([
  '/v1/other',
  '/v2/files',
  '/',
  '/v1',
  '/v1/files/../../admin',
  '/v1/files/%2e%2e/%2e%2e/admin',
  '/v1/files/%2E%2E%2f..',
  '/v1//evil.test/x',
  '/v1/files/a%5c..%5cb',
])('%s is not passed on', async path => {
  expect(await codeOf(await ask(path))).toEqual([404, 'not_found']);
  expect(seen).toEqual([]);
});

test('redirects are refused', async () => {
  redirect = 'http://evil.test/';
  expect(await codeOf(await ask('/v1/models'))).toEqual([502, 'upstream_failed']);
  expect(seen).toHaveLength(1);
});

test('an upstream that is not there', async () => {
  expect(await codeOf(await ask('/v1/models', {}, open('http://127.0.0.1:1/v1')))).toEqual([502, 'upstream_failed']);
  expect(log.join()).not.toContain(key);
});
