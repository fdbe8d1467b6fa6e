// The endpoint as it is started: beside the page with its token for that page alone, or by itself with options that are checked.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../tuner/limits';
import { endpointJson } from './endpoint-json';
import { CliError } from './errors';
import { mountTuner } from './mount-tuner';
import { checkAccess, hostsOf, root } from './own-tuner';
import { serve } from './serve';
import { readTunerOptions } from './tuner-options';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'polylogue-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

/** `fetch` will not lie about its Host. */
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    asked.once('error', reject).end();
  });

/** The address of this machine that others would type; machines without a network have none. */
const outside = Object.values(networkInterfaces())
  .flatMap(each => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('npm start', () => {
  test('serves page and endpoint from one origin, and tells the page its token', async () => {
    const dist = join(dir, 'dist');
    await mkdir(dist);
    await writeFile(join(dist, 'index.html'), '<title>page</title>');
    const { url, close } = await serve({ dir: dist, port: 0, host: '127.0.0.1', mount: mountTuner({ data: join(dir, 'data') }) });
    try {
      const page = await ask(url);
      expect(page.text).toContain('page');
      expect(page.headers['cross-origin-opener-policy']).toBe('same-origin');

      const told = await ask(`${url}endpoint.json`, { 'sec-fetch-site': 'same-origin' });
      expect(told.headers).toMatchObject({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' });
      expect(told.headers).not.toHaveProperty('access-control-allow-origin');
      const endpoint = JSON.parse(told.text) as { url: string; token: string; kind: string };
      expect(endpoint).toMatchObject({ url: `${url}v1`, kind: 'server' });
      expect(endpoint.token).toMatch(/^[\w-]{43}$/);
      expect((await readFile(join(dir, 'data/token'), 'utf8')).trim()).toBe(endpoint.token);
      expect((await stat(join(dir, 'data/token'))).mode & 0o077).toBe(0);

      const authorization = `Bearer ${endpoint.token}`;
      const models = await ask(`${endpoint.url}/models`, { authorization, origin: new URL(url).origin });
      expect(JSON.parse(models.text)).toMatchObject({
        // The page computes the rows behind a loss only where it is told that it can.
        data: [{ id: 'abacus', tuner: { trainable: true, features: expect.arrayContaining(['events_sse', 'seeded_rows']) as string[] } }],
      });
      expect((await ask(`${endpoint.url}/models`)).status).toBe(401);
      expect((await ask(`${endpoint.url}/models`, { authorization, host: 'evil.test' })).status).toBe(421);
      expect((await ask(`${endpoint.url}/models`, { authorization, origin: 'http://evil.test' })).status).toBe(403);
      expect((await ask(`${url}healthz`)).text).toBe('{"ok":true}');
      expect((await ask(`${url}openapi.json`)).text).toContain('3.1.0');
      expect((await ask(`${url}v1x`)).status).toBe(404);
      expect((await ask(url, {}, 'POST')).status).toBe(405);

      await expect(serve({ dir: dist, port: 0, host: '127.0.0.1', mount: mountTuner({ data: join(dir, 'data') }) })).rejects.toMatchObject({
        code: 'busy',
      });
    } finally {
      await close();
    }
  });

  test("on the network the token is nobody's to read, whatever the Host header says", async () => {
    const data = join(dir, 'data');
    expect(() => mountTuner({ data, host: '0.0.0.0' })).toThrow(CliError);
    expect(() => mountTuner({ data, host: '0.0.0.0', token: 'long-enough' })).toThrow('--allow-host');
    const mount = mountTuner({ data, host: '0.0.0.0', token: 'long-enough', allowHosts: ['gpu.lan'] });
    const { url, close } = await serve({ dir, port: 0, host: '0.0.0.0', mount });
    try {
      const { port } = new URL(url);
      for (const address of ['127.0.0.1', ...(outside === undefined ? [] : [outside])])
        for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, 'gpu.lan', `gpu.lan:${port}`]) {
          const told = await ask(`http://${address}:${port}/endpoint.json`, { host });
          expect([told.status, told.text], `${host} at ${address}`).toEqual([200, '{"kind":"none"}']);
        }
      const authorization = 'Bearer long-enough';
      expect((await ask(`http://127.0.0.1:${port}/v1/models`, { host: 'gpu.lan', authorization })).status).toBe(200);
      expect((await ask(`http://127.0.0.1:${port}/v1/models`, { host: 'gpu.lan' })).status).toBe(401);
      expect((await ask(`http://127.0.0.1:${port}/v1/models`, { host: `localhost:${port}`, authorization })).status).toBe(421);
    } finally {
      await close();
    }
  });

  test('beside a page that others may read, it is for this machine alone', async () => {
    // What a server hears that listens everywhere, though its endpoint was made for loopback names: the socket tells who asks.
    const { url, close } = await serve({ dir, port: 0, host: '0.0.0.0', mount: mountTuner({ data: join(dir, 'data') }) });
    try {
      const { port } = new URL(url);
      const host = `localhost:${port}`;
      expect((await ask(`http://127.0.0.1:${port}/endpoint.json`, { host })).status).toBe(200);
      if (outside !== undefined) expect((await ask(`http://${outside}:${port}/endpoint.json`, { host })).status).toBe(403);
    } finally {
      await close();
    }
  });

  test('refuses to listen to others unless told so on purpose', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/start.ts', '--no-build', '--host', '0.0.0.0'], { cwd: root });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(2);
    expect(said).toContain('--token and --allow-host');
    expect(said).toContain('--no-tuner');
  });

  test('without the endpoint the page finds none', async () => {
    const { url, close } = await serve({ dir: join(root, 'public'), port: 0, host: '127.0.0.1' });
    const told = await ask(`${url}endpoint.json`);
    expect([told.status, JSON.parse(told.text)]).toEqual([200, { kind: 'none' }]);
    await close();
  });
});

describe('endpoint.json', () => {
  const hosts = ['localhost:4747'];
  const tell = (headers: Record<string, string>, method = 'GET') =>
    endpointJson(
      new Request('http://localhost:4747/endpoint.json', { method, headers: { host: 'localhost:4747', ...headers } }),
      hosts,
      'secret',
      '127.0.0.1',
    );
  test.each<[Record<string, string>, number]>([
    [{}, 200],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:4747' }, 200],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'http://evil.test' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:8080' }, 403],
    [{ host: 'evil.test' }, 421],
    [{ host: 'localhost' }, 421],
    [{ host: 'evil.test', 'sec-fetch-site': 'same-origin' }, 421],
  ])('%j', async (headers, status) => {
    const response = tell(headers);
    expect(response.status).toBe(status);
    expect((await response.text()).includes('secret')).toBe(status === 200);
    expect(response.headers.get('access-control-allow-origin')).toBe(null);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
  test.each([
    ['127.0.0.1', 200],
    ['127.8.9.10', 200],
    ['::1', 200],
    ['::ffff:127.0.0.1', 200],
    ['192.168.1.7', 403],
    ['::ffff:192.168.1.7', 403],
    ['127.0.0.1.evil.test', 403],
    ['fe80::1', 403],
    [undefined, 403],
  ])('asked from %s', async (peer, status) => {
    const response = endpointJson(new Request('http://localhost:4747/', { headers: { host: 'localhost:4747' } }), hosts, 'secret', peer);
    expect([response.status, (await response.text()).includes('secret')]).toEqual([status, status === 200]);
  });
  test.each(['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'])('a proxy that says so by %s asks for others', async name =>
    expect(await tell({ [name]: '192.168.1.7' }).text()).not.toContain('secret'),
  );
  test('is only read', () => expect(tell({}, 'POST').status).toBe(405));
});

describe('npm run tuner', () => {
  test('listens to others only when told so on purpose', () => {
    expect(() => checkAccess({ host: '127.0.0.1', allowHosts: [], token: null })).not.toThrow();
    expect(() => checkAccess({ host: '0.0.0.0', allowHosts: [], token: 'x' })).toThrow(CliError);
    expect(() => checkAccess({ host: '0.0.0.0', allowHosts: ['gpu.lan'], token: null })).toThrow(CliError);
    expect(() => checkAccess({ host: '0.0.0.0', allowHosts: ['gpu.lan'], token: 'x' })).not.toThrow();
    expect(hostsOf({ port: 1, host: 'localhost', allowHosts: [] })).toEqual(['localhost:1', '127.0.0.1:1', '[::1]:1']);
    expect(hostsOf({ port: 1, host: '0.0.0.0', allowHosts: ['GPU.lan', 'a.b:443'] })).toEqual(['gpu.lan', 'gpu.lan:1', 'a.b:443']);
  });

  test.each([
    [['--port', 'x'], '--port must be'],
    [['--slots', '0'], '--slots must be'],
    [['--max-rows', '0'], '--max-rows must be'],
    [['--keep', '1.5'], '--keep must be'],
    [['--max-upload', '2048'], '--max-upload must be'],
    [['--engine', 'magic'], 'onnx, command or proxy'],
    [['--engine', 'command'], 'needs --command'],
    [['--engine', 'command', '--command', 'rm -rf x'], 'JSON list'],
    [['--engine', 'command', '--command', '[]'], 'JSON list'],
    [['--engine', 'proxy'], 'needs --upstream'],
    [['--engine', 'proxy', '--upstream', 'file:///etc/passwd'], 'needs --upstream'],
    [['--engine', 'proxy', '--upstream', 'https://a.test/v1', '--upstream-profile', 'x'], 'tuner, nebius, openai'],
    [['--host', '0.0.0.0'], '--allow-host'],
    [['--host', '0.0.0.0', '--token', 'long-enough'], '--allow-host'],
    [['--token', 'short'], '--token takes'],
    [['--allow-origin', 'evil.test'], 'not an origin'],
    [['--allow-origin', '*'], 'not an origin'],
    [['--nonsense'], 'nonsense'],
  ])('%j', (args, words) => expect(() => readTunerOptions(args)).toThrow(words));

  test('what is left out', () => {
    expect(readTunerOptions([])).toMatchObject({
      port: 4848,
      host: '127.0.0.1',
      data: '.polylogue/endpoint',
      engine: 'onnx',
      limits: defaultLimits,
    });
    const { limits } = readTunerOptions(['--attempts', '7', '--keep', '3', '--max-upload', '1', '--silence', '30', '--max-rate', '5']);
    expect(limits).toEqual({ ...defaultLimits, attempts: 7, keep: 3 * 86_400_000, upload: 1 << 20, silence: 1_800_000, perSecond: 5 });
    expect(readTunerOptions(['--engine', 'command', '--command', '["a","b c"]']).argv).toEqual(['a', 'b c']);
  });

  test('wrong use ends with code 2 and a sentence', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/tuner.ts', '--port', 'x'], { cwd: root });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(2);
    expect(said).toBe('--port must be a whole number from 0 to 65535, not "x"\n');
  });
});
