import { describe, expect, test } from 'vitest';
import { FakeEndpoint, type FakeOptions } from '../../test/fixtures/finetuning-endpoint';
import { apiRoot } from './calls';
import { createClient, type ClientOptions } from './client';
import { EndpointError } from './errors';

const never = new AbortController().signal;
const canary = 'canary-token-that-must-stay-in-its-header';

function setup(options: Partial<ClientOptions> = {}, fake: FakeOptions = {}) {
  const endpoint = new FakeEndpoint(fake);
  const slept: number[] = [];
  const client = createClient({
    baseUrl: 'http://tuner.test/',
    token: canary,
    fetch: endpoint.fetch,
    random: () => 0.5,
    now: () => 1_000_000,
    sleep: async (ms, signal) => {
      slept.push(ms);
      signal.throwIfAborted();
    },
    ...options,
  });
  return { endpoint, client, slept };
}

const error = (status: number, code: string | null, headers: Record<string, string> = {}) =>
  Response.json({ error: { message: `said ${code}`, code } }, { status, headers });

/** The first `responses.length` answers are these. */
function answering(endpoint: FakeEndpoint, ...responses: (Response | Error)[]): void {
  endpoint.intercept = () => {
    const next = responses.shift() ?? null;
    if (next instanceof Error) throw next;
    return next;
  };
}

describe('who is there', () => {
  test.each<[string, FakeOptions, object]>([
    ['ours, by what it trains', { streams: true }, { id: 'tuner', idempotent: true, streams: true, takes: 'all', seededRows: true }],
    [
      'ours without what it does not offer',
      { forgetful: true },
      { id: 'tuner', idempotent: false, streams: false, takes: 'all', seededRows: false },
    ],
    ['a stranger', { stranger: true }, { id: 'openai', idempotent: false, takes: 'few' }],
    ['a proxy that knows who is behind it', { stranger: { upstream: 'https://api.far.test/x', profile: 'nebius' } }, { id: 'nebius' }],
    ['a proxy that does not', { stranger: { upstream: 'https://api.far.test/x', profile: null } }, { id: 'openai' }],
    ['a proxy with a word of its own', { stranger: { upstream: 'https://api.far.test', profile: 'toString' } }, { id: 'openai' }],
  ])('%s', async (_, fake, profile) => {
    const { endpoint, client } = setup({}, fake);
    expect(client.profile.takes).toBe('few');
    const met = await client.meet(never);
    expect(met.profile).toMatchObject(profile);
    expect(client.profile).toEqual(met.profile);
    expect(met.upstream).toBe(typeof fake.stranger === 'object' ? 'https://api.far.test' : null);
    expect(met.methods.get('base')).toEqual(fake.stranger ? undefined : ['supervised']);
    await client.meet(never);
    expect(endpoint.asked).toEqual(['GET /v1/models']);
  });
  test('a host that is known is believed before it says anything', () =>
    expect(setup({ baseUrl: 'https://api.tokenfactory.nebius.com/v1' }).client.profile.id).toBe('nebius'));
  test('what cannot be shown as an origin is no upstream', async () => {
    const { client } = setup({}, { stranger: { upstream: 'javascript:alert(1)', profile: 'nebius' } });
    expect(await client.meet(never)).toMatchObject({ upstream: null, profile: { id: 'openai' } });
  });
  test('no list of models is no fault; no answer, or no right to one, is', async () => {
    const { endpoint, client } = setup();
    answering(endpoint, new Response('', { status: 404 }));
    expect((await client.meet(never)).profile.id).toBe('openai');
    const barred = setup();
    answering(barred.endpoint, error(401, 'invalid_token'));
    await expect(barred.client.meet(never)).rejects.toMatchObject({ code: 'invalid_token' });
    // Asked again, it is asked again.
    expect((await barred.client.meet(never)).profile.id).toBe('tuner');
  });
  test('one caller that gives up leaves the others their answer', async () => {
    const { client } = setup();
    const [first, stop] = [client.meet(AbortSignal.abort(new Error('gone'))), client.meet(never)];
    await expect(first).rejects.toThrow('gone');
    expect((await stop).profile.id).toBe('tuner');
  });
});

describe('every call', () => {
  test('sends the key in its header alone, no cookies, follows no redirect, tells no referrer, can be aborted', async () => {
    const { endpoint, client } = setup();
    await client.models(never);
    await client.upload('a.jsonl', '{}\n', 'key', never);
    const job = await client.createJob({ model: 'base', training_file: 'file-1' }, 'key', never);
    await client.cancel(job.id, never);
    await client.events(job.id, null, never);
    await client.jobs({ run: 'a b&c' }, never);
    expect(endpoint.asked).toHaveLength(6);
    for (const init of endpoint.inits) {
      expect(init).toMatchObject({ credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' });
      expect(init.signal).toBeInstanceOf(AbortSignal);
      expect(new Headers(init.headers).get('authorization')).toBe(`Bearer ${canary}`);
      expect(String(init.body)).not.toContain(canary);
    }
    expect(endpoint.asked.join()).not.toContain(canary);
  });

  test('takes a base URL with and without /v1', () => {
    for (const url of ['http://a', 'http://a/', 'http://a/v1', 'http://a/v1/']) expect(apiRoot(url)).toBe('http://a/v1');
    expect(apiRoot('https://a/openai')).toBe('https://a/openai/v1');
  });
});

describe('trying again', () => {
  test.each([
    ['429 with retry-after-ms', error(429, 'rate_limited', { 'retry-after-ms': '120' }), 120],
    ['429 with seconds', error(429, 'queue_full', { 'retry-after': '7' }), 7000],
    ['503 with a date', error(503, null, { 'retry-after': new Date(1_000_000 + 3000).toUTCString() }), 3000],
    ['a wait that is too long: our own pace', error(429, null, { 'retry-after': '3600' }), 375],
    ['408', error(408, null), 375],
    ['409 of a lock', error(409, 'lock'), 375],
    ['500', error(500, 'internal'), 375],
    ['400 that asks for it', error(400, 'odd', { 'x-should-retry': 'true' }), 375],
    ['a lost connection', new TypeError('fetch failed'), 375],
  ])('%s', async (_, first, wait) => {
    const { endpoint, client, slept } = setup();
    answering(endpoint, first);
    expect(await client.models(never)).toHaveLength(1);
    expect(slept).toEqual([wait]);
  });

  test.each([
    ['400', error(400, 'invalid_request')],
    ['401', error(401, 'invalid_token')],
    ['404', error(404, 'not_found')],
    ['409 of a used key', error(409, 'idempotency_key_reuse')],
    ['500 that forbids it', error(500, 'internal', { 'x-should-retry': 'false' })],
    ['507', error(507, 'storage_full')],
  ])('not after %s', async (_, only) => {
    const { endpoint, client, slept } = setup();
    answering(endpoint, only);
    await expect(client.models(never)).rejects.toBeInstanceOf(EndpointError);
    expect(slept).toEqual([]);
  });

  test('ends: five tries, each wait longer, and the last error is told', async () => {
    const { endpoint, client, slept } = setup();
    endpoint.intercept = () => error(503, 'busy', { 'x-request-id': 'req_1' });
    await expect(client.models(never)).rejects.toMatchObject({ status: 503, code: 'busy', message: 'said busy', requestId: 'req_1' });
    expect(slept).toEqual([375, 750, 1500, 3000]);
  });

  test('an order whose answer was lost is not sent twice to whoever forgets keys', async () => {
    const { endpoint, client } = setup({ baseUrl: 'https://api.tokenfactory.nebius.com' });
    endpoint.intercept = () => {
      throw new TypeError('fetch failed');
    };
    await expect(client.createJob({ model: 'base', training_file: 'f' }, 'key', never)).rejects.toMatchObject({ code: 'unreachable' });
    expect(endpoint.asked).toHaveLength(1);
    expect(new Headers(endpoint.inits[0]!.headers).has('idempotency-key')).toBe(false);
  });

  test('stops with the reason when aborted while it waits', async () => {
    const abort = new AbortController();
    const { endpoint, client } = setup({
      sleep: async (_, signal) => {
        abort.abort(new Error('enough'));
        signal.throwIfAborted();
      },
    });
    endpoint.intercept = () => error(503, null);
    await expect(client.models(abort.signal)).rejects.toThrow('enough');
  });
});

describe('what an endpoint does wrong', () => {
  test('errors say what to do', async () => {
    const { endpoint, client } = setup();
    answering(endpoint, error(401, 'invalid_token', { 'x-request-id': 'req_9' }));
    await expect(client.models(never)).rejects.toMatchObject({
      ...{ name: 'EndpointError', status: 401, code: 'invalid_token', requestId: 'req_9' },
      hint: expect.stringMatching(/prints its token.*knows the request as req_9/) as string,
    });
    answering(endpoint, new Response('<!doctype html>Not found', { status: 404 }));
    await expect(client.models(never)).rejects.toMatchObject({ status: 404, code: 'http_404', hint: expect.stringContaining('base URL') });
    endpoint.intercept = () => {
      throw new TypeError('fetch failed');
    };
    await expect(client.models(never)).rejects.toMatchObject({
      status: null,
      code: 'unreachable',
      message: expect.stringContaining('http://tuner.test'),
    });
  });

  test('an answer in another shape is not taken for one', async () => {
    const { endpoint, client } = setup();
    answering(endpoint, new Response('<!doctype html>', { status: 200 }));
    await expect(client.models(never)).rejects.toMatchObject({ code: 'not_the_dialect' });
    answering(endpoint, Response.json({ data: [{ name: 'no id' }] }));
    await expect(client.models(never)).rejects.toMatchObject({ code: 'not_the_dialect' });
  });

  test('lists: all pages; a cursor that is ignored ends them; a filter that is ignored is applied here', async () => {
    const { endpoint, client } = setup();
    endpoint.options.deaf = true;
    for (const run of ['a', 'b', 'a', 'a', 'b'])
      await client.createJob({ model: 'base', training_file: run, metadata: { run } }, '', never);
    expect((await client.jobs({ run: 'a' }, never)).map(({ id }) => id)).toEqual(['ftjob-4', 'ftjob-3', 'ftjob-1']);
    endpoint.intercept = () => Response.json({ data: [{ id: 'ftjob-1', status: 'queued' }], has_more: true });
    expect(await client.jobs({}, never)).toHaveLength(1);
  });
});

describe('downloads', () => {
  const content = (endpoint: FakeEndpoint, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const id = endpoint.file('weights', bytes);
    endpoint.intercept = call => (call.endsWith('/content') ? new Response(bytes, { headers }) : null);
    return id;
  };
  const bytes = new Uint8Array(1000).fill(7);
  const none = (): void => undefined;

  test('tell how far they are and check the announced hash', async () => {
    const { endpoint, client } = setup();
    const hash = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), byte => byte.toString(16).padStart(2, '0')).join(
      '',
    );
    const seen: [number, number | null][] = [];
    const id = content(endpoint, bytes, { 'content-length': '1000', etag: `"sha256-${hash}"` });
    expect(await client.content(id, 1000, (done, total) => seen.push([done, total]), never)).toEqual(bytes);
    expect(seen.at(-1)).toEqual([1000, 1000]);
    const other = content(endpoint, bytes, { etag: `"sha256-${'0'.repeat(64)}"` });
    await expect(client.content(other, 1000, none, never)).rejects.toMatchObject({ code: 'damaged' });
  });

  test('end at their limit, announced or not', async () => {
    const { endpoint, client } = setup();
    const announced = content(endpoint, bytes, { 'content-length': '1000' });
    await expect(client.content(announced, 999, none, never)).rejects.toMatchObject({ code: 'too_large' });
    const silent = content(endpoint, bytes);
    await expect(client.content(silent, 999, none, never)).rejects.toMatchObject({ code: 'too_large' });
  });

  test('that are cut short are damaged, never short files', async () => {
    const { endpoint, client } = setup();
    const id = content(endpoint, bytes, { 'content-length': '1001' });
    await expect(client.content(id, 5000, none, never)).rejects.toMatchObject({ code: 'damaged' });
  });
});
