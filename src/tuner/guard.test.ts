// Who may ask, in which order it is refused, and that a refusal can be read by the page it is meant for.
import { describe, expect, test } from 'vitest';
import { openClient, origin, token } from './fixtures/client';
import { createGuard, loopbackHosts, sameToken } from './guard';

const mine = 'http://page.test:4747';
const hosts = ['localhost:4848', '127.0.0.1:4848'];
const goodHosts = ['localhost:4848', 'LOCALHOST:4848'];
const badHosts = ['evil.test', 'localhost', 'localhost:80', 'localhost:4848.evil.test', '127.0.0.1.nip.io:4848', '', null];
const goodOrigins = [null, mine, 'http://localhost:4848'];
const badOrigins = [
  'http://evil.test',
  'null',
  'http://localhost:4747',
  'http://page.test:4747.evil.test',
  'https://page.test:4747',
  'http://127.0.0.1:4848',
];
const goodTokens = [`Bearer ${token}`, `bearer ${token}`];
const badTokens = [null, 'Bearer wrong', token, `Basic ${token}`, `Bearer ${token}x`, 'Bearer ', `Bearer ${token.slice(0, -1)}`];
const routes: [method: string, path: string][] = [
  ['GET', '/v1/models'],
  ['GET', '/v1/files/file-aaaaaaaaaaaaaaaaaaaaaaaa/content'],
  ['POST', '/v1/fine_tuning/jobs'],
  ['DELETE', '/v1/files/x'],
  ['GET', '/no/such/route'],
];

const headersOf = (host: string | null, from: string | null, authorization: string | null): Headers => {
  const headers = new Headers();
  if (host !== null) headers.set('host', host);
  if (from !== null) headers.set('origin', from);
  if (authorization !== null) headers.set('authorization', authorization);
  return headers;
};

describe('Host × Origin × token', async () => {
  const client = await openClient({ hosts, origins: [mine] });
  const ask = (path: string, method: string, headers: Headers) => client.fetch(new Request(`${origin}${path}`, { method, headers }));
  const code = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

  test('421 before everything, on every route and preflight', async () => {
    for (const host of badHosts)
      for (const [method, path] of [...routes, ['GET', '/healthz'], ['GET', '/openapi.json'], ['OPTIONS', '/v1/models']] as const)
        for (const from of [null, mine, 'http://evil.test'])
          for (const authorization of [goodTokens[0]!, null]) {
            const response = await ask(path, method, headersOf(host, from, authorization));
            expect([response.status, await code(response)], `${host} ${method} ${path}`).toEqual([421, 'host_not_allowed']);
            expect(response.headers.get('access-control-allow-origin')).toBe(null);
          }
  });

  test('403 before 401', async () => {
    for (const host of goodHosts)
      for (const from of badOrigins)
        for (const authorization of [goodTokens[0]!, null])
          for (const [method, path] of [...routes, ['GET', '/healthz'], ['OPTIONS', '/v1/models']] as const) {
            const response = await ask(path, method, headersOf(host, from, authorization));
            expect([response.status, await code(response)], `${from} ${method} ${path}`).toEqual([403, 'origin_not_allowed']);
            expect(response.headers.get('access-control-allow-origin')).toBe(null);
          }
  });

  test('401 before the route is looked at, with CORS headers for the page that is allowed', async () => {
    for (const from of goodOrigins)
      for (const authorization of badTokens)
        for (const [method, path] of routes) {
          const response = await ask(path, method, headersOf(hosts[0]!, from, authorization));
          expect([response.status, await code(response)], `${authorization} ${method} ${path}`).toEqual([401, 'invalid_token']);
          expect(response.headers.get('access-control-allow-origin')).toBe(from);
          expect(response.headers.get('vary')).toBe('Origin');
        }
  });

  test('in, with all three', async () => {
    for (const host of goodHosts)
      for (const from of goodOrigins)
        for (const authorization of goodTokens) {
          const response = await ask('/v1/models', 'GET', headersOf(host, from, authorization));
          expect(response.status).toBe(200);
          expect(response.headers.get('access-control-allow-origin')).toBe(from);
          expect(response.headers.get('x-request-id')).toMatch(/^req_\w{20}$/);
          expect(response.headers.get('x-content-type-options')).toBe('nosniff');
          expect(response.headers.get('access-control-allow-credentials')).toBe(null);
        }
  });

  test('errors of routes carry CORS headers too', async () => {
    const headers = headersOf(hosts[0]!, mine, goodTokens[0]!);
    for (const [method, path, status] of [
      ['GET', '/no/such/route', 404],
      ['POST', '/v1/fine_tuning/jobs', 415],
      ['POST', '/v1/files', 415],
      ['GET', '/v1/files?limit=x', 400],
    ] as const) {
      const response = await ask(path, method, headers);
      expect(response.status, path).toBe(status);
      expect(response.headers.get('access-control-allow-origin')).toBe(mine);
      expect(response.headers.get('access-control-expose-headers')).toContain('retry-after');
    }
  });

  test('a preflight needs no token and allows what the dialect uses, nothing else', async () => {
    const headers = headersOf(hosts[0]!, mine, null);
    headers.set('access-control-request-method', 'POST');
    headers.set('access-control-request-headers', 'authorization, content-type, x-stainless-os, x-evil, idempotency-key, cookie');
    headers.set('access-control-request-private-network', 'true');
    const response = await ask('/v1/fine_tuning/jobs', 'OPTIONS', headers);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(mine);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization, content-type, x-stainless-os, idempotency-key');
    expect(response.headers.get('access-control-allow-private-network')).toBe('true');
  });

  test('healthz and openapi.json need no token', async () => {
    for (const path of ['/healthz', '/openapi.json']) expect((await ask(path, 'GET', headersOf(hosts[0]!, null, null))).status).toBe(200);
  });
});

test('not behind a socket there is no Host to know, and no own origin', () => {
  const guard = createGuard({ token, hosts: null, origins: [], perSecond: 10, clock: () => 0 });
  const request = (headers: Record<string, string>) => new Request(origin, { headers: { authorization: `Bearer ${token}`, ...headers } });
  expect(guard.admit(request({}), false)).toBe(null);
  expect(() => guard.admit(request({ origin: 'http://evil.test', host: 'evil.test' }), false)).toThrow('origin');
});

test('no more than so many requests in a second', () => {
  let now = 0;
  const guard = createGuard({ token, hosts: null, origins: [], perSecond: 3, clock: () => now });
  const ask = () => guard.admit(new Request(origin, { headers: { authorization: `Bearer ${token}` } }), false);
  for (let i = 0; i < 3; i++) expect(ask()).toBe(null);
  expect(ask).toThrow('More than 3');
  now += 334;
  expect(ask()).toBe(null);
  expect(ask).toThrow('More than 3');
});

test('tokens are compared whole', () => {
  expect(sameToken('abc', 'abc')).toBe(true);
  for (const wrong of ['', 'ab', 'abcd', 'abd', 'bbc']) expect(sameToken(wrong, 'abc'), wrong).toBe(false);
});

test('names of this machine', () => {
  expect(loopbackHosts(1)).toEqual(['localhost:1', '127.0.0.1:1', '[::1]:1']);
});
