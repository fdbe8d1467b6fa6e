// The doctor against real servers that misbehave one way each. What only a browser can refuse (CORS, mixed content, permissions) is
// in test/browser/endpoint-check.test.ts; here those are played.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { checkEndpoint, type CheckOptions } from './check-endpoint';
import type { CheckReport } from './check-report';
import { addressProblem, isLocal, type PagePlace } from './endpoint-address';

const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
  }
});

const listen = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>(up => server.listen(0, '127.0.0.1', up));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const local: PagePlace = { origin: 'http://localhost:4747', protocol: 'http:', hostname: 'localhost', secure: true, narrowed: false };
const hosted: PagePlace = { origin: 'https://page.example', protocol: 'https:', hostname: 'page.example', secure: true, narrowed: false };

const check = (baseUrl: string, change: Partial<CheckOptions> = {}): Promise<CheckReport> =>
  checkEndpoint(
    {
      ...{ baseUrl, token: 'key', fetch: (url, init) => fetch(url, init), page: local, permission: async () => null, base: null },
      ...change,
    },
    never,
  );
const failed = ({ steps }: CheckReport) => steps.find(({ state }) => state === 'failed');

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> };
/** Answers by path; the rest is as a tuner answers. */
const serving = (replies: Record<string, Reply>): Promise<string> =>
  listen((request, response) => {
    const path = new URL(request.url!, 'http://x').pathname;
    const { status = 200, body = { object: 'list', data: [] }, headers = {} } = replies[path] ?? replies['*'] ?? {};
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });

const tunerModel = (id: string) => ({
  ...{ id, object: 'model' },
  tuner: {
    ...{ trainable: true, hf_repo: null, revision: null, max_lora_r: 64, target_modules: [], max_context: 512 },
    ...{ methods: ['supervised'], engine: 'onnx', features: [] },
  },
});
const oops = (code: string, message: string): unknown => ({ error: { message, code } });

describe('an endpoint', () => {
  test('that is in order passes every step, and sees the key where it belongs', async () => {
    const keys: (string | undefined)[] = [];
    const url = await listen((request, response) => {
      keys.push(request.headers.authorization);
      response.end(JSON.stringify({ data: request.url!.includes('models') ? [tunerModel('abacus')] : [] }));
    });
    const report = await check(url, { base: 'abacus' });
    expect(report).toMatchObject({ ok: true, models: [{ id: 'abacus' }] });
    expect(report.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(
      ['address', 'reach', 'read', 'key', 'dialect', 'base'].map(id => `${id} passed`),
    );
    expect(keys).toEqual(['Bearer key', 'Bearer key']);
  });

  test.each<[string, Record<string, Reply>, { id: string; code: string; next: RegExp; found?: RegExp }]>([
    [
      'a refused key',
      { '*': { status: 401, body: oops('invalid_token', 'bad key') } },
      { id: 'key', code: 'auth', next: /prints its token/, found: /bad key/ },
    ],
    [
      'a key without the right',
      { '*': { status: 403, body: oops('forbidden', 'no') } },
      { id: 'key', code: 'auth', next: /right to finetune/ },
    ],
    [
      'another origin',
      { '*': { status: 403, body: oops('origin_not_allowed', 'no') } },
      { id: 'read', code: 'origin', next: /--allow-origin http:\/\/localhost:4747/ },
    ],
    [
      'another host name',
      { '*': { status: 421, body: oops('host_not_allowed', 'no') } },
      { id: 'read', code: 'host', next: /--allow-host/ },
    ],
    ['no such route', { '*': { status: 404, body: 'not found' } }, { id: 'dialect', code: 'not_found', next: /ends before \/v1/ }],
    [
      'a web page',
      { '*': { body: '<!doctype html><title>hi</title>' } },
      { id: 'dialect', code: 'wrong_dialect', next: /base URL/, found: /web page/ },
    ],
    ['other JSON', { '*': { body: { models: ['a'], data: 3 } } }, { id: 'dialect', code: 'wrong_dialect', next: /base URL/ }],
    [
      'a chat server',
      { '/v1/fine_tuning/jobs': { status: 404 } },
      { id: 'dialect', code: 'wrong_dialect', next: /tuner/, found: /no finetuning jobs/ },
    ],
    ['too much to do', { '*': { status: 429, body: oops('rate_limited', 'slow down') } }, { id: 'reach', code: 'busy', next: /minute/ }],
    ['a defect of its own', { '*': { status: 500, body: '' } }, { id: 'reach', code: 'server_error', next: /log/ }],
    [
      'a redirect',
      { '*': { status: 301, headers: { location: 'https://elsewhere.test/v1/models' } } },
      { id: 'reach', code: 'redirect', next: /redirects to/ },
    ],
    [
      'other bases',
      { '/v1/models': { body: { data: [tunerModel('other')] } } },
      { id: 'base', code: 'no_base', next: /abacus/, found: /other/ },
    ],
  ])('with %s', async (_, replies, { id, code, next, found = /./ }) => {
    const report = await check(await serving(replies), { base: 'abacus' });
    expect(report.ok).toBe(false);
    expect(failed(report)).toMatchObject({ id, code, next: expect.stringMatching(next), found: expect.stringMatching(found) });
    // What comes after the failure was not asked, and nobody says that it passed.
    const at = report.steps.findIndex(({ state }) => state === 'failed');
    expect(report.steps.slice(at + 1).every(({ state }) => state === 'not-asked')).toBe(true);
  });

  test('that is not there', async () => {
    const url = await serving({});
    const server = servers.pop()!;
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
    expect(failed(await check(url))).toMatchObject({ id: 'reach', code: 'unreachable', next: expect.stringContaining('npm run tuner') });
  });

  test('is not asked for longer than its caller wants', async () => {
    const url = await listen(() => undefined);
    const abort = new AbortController();
    const options = { baseUrl: url, token: '', fetch: (to: string | URL, init?: RequestInit) => fetch(to, init), page: local, base: null };
    const checking = checkEndpoint({ ...options, permission: async () => null }, abort.signal);
    setTimeout(() => abort.abort(new Error('left')), 50);
    await expect(checking).rejects.toThrow('left');
  });
});

describe('what only a browser refuses', () => {
  /** A browser in which plain, simple and preflighted calls end differently. */
  const browser = (answers: { authorised?: boolean; simple?: Response | false; opaque?: boolean }): CheckOptions['fetch'] => {
    return async (_, init) => {
      const authorised = new Headers(init?.headers).has('authorization');
      if (init?.mode === 'no-cors' ? answers.opaque : authorised ? answers.authorised : answers.simple)
        return answers.simple || new Response();
      throw new TypeError('Failed to fetch');
    };
  };

  test('no CORS headers at all, or a preflight that does not allow the key', async () => {
    const url = 'http://localhost:1234';
    const none = await check(url, { fetch: browser({ opaque: true }) });
    expect(failed(none)).toMatchObject({ id: 'read', code: 'cors', next: expect.stringContaining('--allow-origin http://localhost:4747') });
    const preflight = await check(url, { fetch: browser({ simple: new Response('{}') }) });
    expect(failed(preflight)).toMatchObject({ id: 'read', code: 'cors', found: expect.stringContaining('Authorization') });
  });

  test('https page, plain endpoint on this computer: Safari’s way out is named', async () => {
    const report = await check('http://localhost:8787', { page: hosted, fetch: browser({}) });
    expect(failed(report)).toMatchObject({
      id: 'address',
      code: 'mixed_content',
      found: expect.stringContaining('Safari'),
      next: expect.stringContaining('npm start'),
    });
  });

  test('https page, plain endpoint elsewhere: not even tried', async () => {
    let calls = 0;
    const fetch: CheckOptions['fetch'] = async () => new Response(String(++calls));
    expect(failed(await check('http://gpu.example:8787', { page: hosted, fetch }))).toMatchObject({ id: 'address', code: 'mixed_content' });
    expect(calls).toBe(0);
  });

  test.each([
    ['one permission for everything local', { 'local-network-access': 'denied' }],
    ['one for this computer', { 'loopback-network': 'denied', 'local-network-access': 'granted' }],
  ])('local network access denied: %s', async (_, states: Record<string, string>) => {
    let calls = 0;
    const report = await check('http://localhost:8787', {
      page: hosted,
      fetch: async () => new Response(String(++calls)),
      permission: async name => (states[name] ?? null) as PermissionState | null,
    });
    expect(failed(report)).toMatchObject({ id: 'address', code: 'local_network', next: expect.stringContaining('site settings') });
    expect(calls).toBe(0);
  });

  test('denied while it was being asked', async () => {
    let state: PermissionState = 'prompt';
    const report = await check('http://localhost:8787', {
      page: hosted,
      permission: async name => (name === 'local-network-access' ? state : null),
      fetch: async () => {
        state = 'denied';
        throw new TypeError('Failed to fetch');
      },
    });
    expect(failed(report)).toMatchObject({ code: 'local_network' });
  });

  test('a public page over plain http may not even ask', async () => {
    const page = { ...hosted, origin: 'http://page.example', protocol: 'http:', secure: false };
    expect(failed(await check('http://localhost:8787', { page }))).toMatchObject({
      code: 'local_network',
      next: expect.stringContaining('https'),
    });
  });

  test('a page narrowed by a shared run says so instead of "unreachable"', async () => {
    const report = await check('https://tuner.example', { page: { ...hosted, narrowed: true } });
    expect(failed(report)).toMatchObject({ id: 'address', code: 'blocked_by_page', next: expect.stringContaining('Reload') });
  });
});

describe('addresses', () => {
  test.each([
    ['', 'bad_address'],
    ['localhost:8787', 'bad_address'],
    ['ftp://tuner.example', 'bad_address'],
    ['https://me:secret@tuner.example', 'bad_address'],
    ['https://tuner.example/?key=1', 'bad_address'],
    ['http://[::1]:8787', 'bad_address'],
    ['http://192.168.1.5:8787', 'blocked_by_page'],
    ['http://localhost:8787', null],
    ['http://127.0.0.1:8787/v1', null],
    ['https://tuner.example/base/v1/', null],
  ])('%s', (url, code) => {
    expect(addressProblem(url, local)?.code ?? null).toBe(code);
  });

  test('the server of the page itself may always be called', () => {
    const page = { ...local, origin: 'http://192.168.1.5:4747', hostname: '192.168.1.5', narrowed: true };
    expect(addressProblem('http://192.168.1.5:4747/v1', page)).toBe(null);
  });

  test('what is local', () => {
    const locals = [
      'localhost',
      'a.localhost',
      '127.3.4.5',
      '[::1]',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.2.3',
      '192.168.0.9',
      'nas.local',
      '[fd00::1]',
      '[fe80::1]',
    ];
    for (const host of locals) expect([host, isLocal(host)]).toEqual([host, true]);
    for (const host of ['example.com', '172.32.0.1', '11.0.0.1', '8.8.8.8', 'local.example', '[2001:db8::1]', '10.example.com'])
      expect([host, isLocal(host)]).toEqual([host, false]);
  });
});
