import { gzipSync } from 'node:zlib';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { siteFolder } from './folder-site';

const text = JSON.stringify({ model_type: 'llama', padding: 'x'.repeat(500) });

describe('a static host that compresses', () => {
  let server: Server;
  let root: string;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url !== '/abacus/config.json') return response.writeHead(404).end();
      const body = gzipSync(text);
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    root = `http://127.0.0.1:${(server.address() as AddressInfo).port}/abacus/`;
  });
  afterAll(() => server.close());

  it('still serves the built-in model: a file whose length is not told is read for it', async () => {
    const folder = siteFolder(root, (url, init) => fetch(url, init));
    expect(await folder.find('config.json')).toEqual({ bytes: text.length, cached: true });
    expect(new TextDecoder().decode((await folder.read('config.json'))!)).toBe(text);
  });

  it('a missing file stays missing, and is asked for once', async () => {
    asked.length = 0;
    const folder = siteFolder(root, (url, init) => fetch(url, init));
    expect(await folder.find('generation_config.json')).toBeNull();
    expect(asked).toEqual(['HEAD /abacus/generation_config.json']);
  });
});
