// What only a real socket shows: readers that vanish, paths that no URL parser has tidied, bodies without an end.
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openClient, token, type Client } from './fixtures/client';
import { tinyEngine } from './fixtures/tiny-engine';
import { loopbackHosts } from './guard';
import { asListener, listen, type Listening } from './listen-node';

let server: Listening;
let client: Client;
beforeEach(async () => {
  server = await listen(0, '127.0.0.1');
  const engine = tinyEngine(({ signal }) => new Promise((_, stop) => signal.addEventListener('abort', () => stop(signal.reason as Error))));
  client = await openClient({ engine, limits: { streams: 2, upload: 10_000 } });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

/** Sends bytes as they are. @returns what comes back until the server closes */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', piece => (said += piece));
    socket.once('close', () => resolve(said));
    socket.once('error', reject);
  });

test('until it has its app it asks for patience', async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
});

test('readers of events that vanish free their place', async () => {
  server.mount(asListener(client.fetch));
  const { id } = await client.order();
  const open = async () => {
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/fine_tuning/jobs/${id}/events`, { headers, signal: abort.signal });
    return { status: response.status, abort };
  };
  const [first, second] = [await open(), await open()];
  expect((await open()).status).toBe(429);
  first.abort.abort();
  second.abort.abort();
  await vi.waitFor(async () => {
    const again = await open();
    again.abort.abort();
    expect(again.status).toBe(200);
  });
});

test.each([
  '/v1/files/../../lock',
  '/../../../etc/passwd',
  '//evil.test/v1/models',
  '/v1/files/%2e%2e/%2e%2e/token',
  '/v1/files/..\\..\\token',
])('%s finds nothing', async path => {
  server.mount(asListener(client.fetch));
  const host = `127.0.0.1:${server.port}`;
  const said = await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
  expect(said).toMatch(/^HTTP\/1\.1 40[04] /);
});

test('an upload without an end is cut off', async () => {
  server.mount(asListener(client.fetch));
  const head = `POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=x\r\n`;
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
  const said = await raw(`${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.repeat(40)}`);
  expect(said).toMatch(/^HTTP\/1\.1 413 /);
  expect(said).toContain('too_large');
});

test('names of this machine on that port, and no other', async () => {
  const guarded = await openClient({ hosts: loopbackHosts(server.port) });
  server.mount(asListener(guarded.fetch));
  const ask = (host: string) => raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  for (const name of ['localhost', '127.0.0.1', '[::1]']) expect(await ask(`${name}:${server.port}`)).toMatch(/^HTTP\/1\.1 200 /);
  for (const name of ['localhost', 'evil.test', `localhost:${server.port + 1}`, `evil.test:${server.port}`])
    expect(await ask(name), name).toMatch(/^HTTP\/1\.1 421 /);
  expect(await raw(`GET /healthz HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/);
});
