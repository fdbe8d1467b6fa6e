// The transport by itself: a real Hono app behind a real MessageChannel.
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchOverPort, type PortFetch } from './page-fetch';
import { serveOverPort } from './page-serve';

const origin = 'http://page.tuner';
let line: PortFetch;
let stop: () => void;
/** Calls the app saw aborted. */
let aborted: string[];
/** Chunks the endless route has made. */
let made: number;

beforeEach(() => {
  aborted = [];
  made = 0;
  const app = new Hono();
  app.onError((error, c) => c.text(error.message, 500));
  app.all('/echo', async c => {
    const body = await c.req.arrayBuffer();
    c.header('x-method', c.req.method);
    c.header('x-type', c.req.header('content-type') ?? '');
    c.header('x-auth', c.req.header('authorization') ?? '');
    return c.body(body, 201);
  });
  app.post('/form', async c => {
    const { file, purpose } = await c.req.parseBody();
    return c.json({ purpose, name: (file as File).name, text: await (file as File).text() });
  });
  app.get('/nothing', c => c.body(null, 204));
  app.get('/throws', () => {
    throw new Error('deliberate');
  });
  app.get('/slow', c => {
    c.req.raw.signal.addEventListener('abort', () => aborted.push('slow'));
    return new Promise<Response>(() => undefined);
  });
  app.get('/endless', () => {
    const body = new ReadableStream<Uint8Array>({
      pull: controller => controller.enqueue(new Uint8Array(1000).fill(++made % 256)),
      cancel: () => void aborted.push('endless'),
    });
    return new Response(body);
  });
  app.get('/breaks', () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (made++ === 0) controller.enqueue(new Uint8Array(3));
        else controller.error(new Error('the disk went away'));
      },
    });
    return new Response(body);
  });
  app.get('/events', c =>
    streamSSE(c, async stream => {
      for (let i = 1; i <= 3; i++) await stream.writeSSE({ id: String(i), event: 'message', data: `{"n":${i}}` });
    }),
  );
  const { port1, port2 } = new MessageChannel();
  stop = serveOverPort(request => app.fetch(request), port2);
  line = fetchOverPort(port1);
});
afterEach(() => {
  line.end(new Error('the test is over'));
  stop();
});

describe('a fetch over a port', () => {
  test('carries method, headers, body and status both ways', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const response = await line.fetch(`${origin}/echo`, { method: 'PUT', body: bytes, headers: { authorization: 'Bearer x' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-method')).toBe('PUT');
    expect(response.headers.get('x-auth')).toBe('Bearer x');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test('names the type of a body as fetch does, and lets the caller override it', async () => {
    const typed = async (init: RequestInit) => (await line.fetch(`${origin}/echo`, { method: 'POST', ...init })).headers.get('x-type');
    expect(await typed({ body: 'words' })).toBe('text/plain;charset=UTF-8');
    expect(await typed({ body: '{}', headers: { 'content-type': 'application/json' } })).toBe('application/json');
  });

  test('carries a multipart form', async () => {
    const body = new FormData();
    body.set('purpose', 'fine-tune');
    body.set('file', new File(['{"a":1}\n'], 'rows.jsonl'));
    expect(await (await line.fetch(`${origin}/form`, { method: 'POST', body })).json()).toEqual({
      purpose: 'fine-tune',
      name: 'rows.jsonl',
      text: '{"a":1}\n',
    });
  });

  test('streams a request body as it comes', async () => {
    const parts = ['one ', 'two ', 'three'];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
    expect(await (await line.fetch(`${origin}/echo`, { method: 'POST', body })).text()).toBe('one two three');
  });

  test('a caller body that breaks fails the call instead of arriving cut short', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('unplugged')) });
    await expect(line.fetch(`${origin}/echo`, { method: 'POST', body })).rejects.toThrow('unplugged');
  });

  test('streams events, and an empty body stays empty', async () => {
    const response = await line.fetch(`${origin}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect((await response.text()).match(/^data: .*$/gm)).toEqual(['data: {"n":1}', 'data: {"n":2}', 'data: {"n":3}']);
    const nothing = await line.fetch(`${origin}/nothing`);
    expect([nothing.status, await nothing.text()]).toEqual([204, '']);
  });

  test('asks for no more than is read, and the source hears when the reader leaves', async () => {
    const reader = (await line.fetch(`${origin}/endless`)).body!.getReader();
    await reader.read();
    await reader.read();
    await new Promise(rest => setTimeout(rest, 50));
    expect(made).toBeLessThan(10);
    await reader.cancel();
    await expect.poll(() => aborted).toEqual(['endless']);
  });

  test('an abort reaches the app, and the caller gets its own reason', async () => {
    const abort = new AbortController();
    const call = line.fetch(`${origin}/slow`, { signal: abort.signal });
    await line.fetch(`${origin}/nothing`);
    const reason = new Error('changed my mind');
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect.poll(() => aborted).toEqual(['slow']);
    await expect(line.fetch(`${origin}/slow`, { signal: abort.signal })).rejects.toBe(reason);
  });

  test('an abort while the body is read breaks the body', async () => {
    const abort = new AbortController();
    const reader = (await line.fetch(`${origin}/endless`, { signal: abort.signal })).body!.getReader();
    await reader.read();
    abort.abort(new Error('enough'));
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow('enough');
    await expect.poll(() => aborted).toEqual(['endless']);
  });

  test('a body that breaks on the way is an error, never a short answer', async () => {
    await expect((await line.fetch(`${origin}/breaks`)).arrayBuffer()).rejects.toThrow('the disk went away');
  });

  test('an app that throws answers as it does on a network', async () => {
    expect((await line.fetch(`${origin}/throws`)).status).toBe(500);
  });

  test('calls under way end with the reason when the other side is gone, and later ones at once', async () => {
    const call = line.fetch(`${origin}/slow`);
    const reader = (await line.fetch(`${origin}/endless`)).body!.getReader();
    await reader.read();
    line.end(new TypeError('the worker died'));
    await expect(call).rejects.toThrow('the worker died');
    await expect(line.fetch(`${origin}/nothing`)).rejects.toThrow('the worker died');
  });
});
