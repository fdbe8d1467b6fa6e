import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findServer } from './server-info';

const base = 'https://page.example/sub/';
const answering = (body: string, status = 200) => findServer(async () => new Response(body, { status }), base);
const told = { kind: 'server', url: 'v1', token: 'secret' };

describe('the server of the page', () => {
  it('trains where it says so, at its own origin', async () => {
    expect(await answering(JSON.stringify(told))).toEqual({ url: `${base}v1`, token: 'secret' });
    expect(await answering(JSON.stringify({ ...told, url: 'https://other.example/v1' }))).toBeNull();
  });

  it('does not train where it hands out the file that ships with the page, or anything else', async () => {
    expect(await answering(readFileSync('public/endpoint.json', 'utf8'))).toBeNull();
    expect(await answering('<html>')).toBeNull();
    expect(await answering('not found', 404)).toBeNull();
  });
});
