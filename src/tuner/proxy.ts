// An endpoint that trains nothing: it passes the dialect on to one other, fixed when it starts, whose key stays here. It makes services usable that no page may call.
import { profileOf, type Profile } from '../finetune/profile';
import { readBody } from './body';
import { ApiError, notFound } from './errors';
import { createFront } from './front';
import { systemRandom, type Random } from './ids';
import { defaultLimits, type Limits } from './limits';
import { openApi } from './openapi';

export interface ProxyOptions {
  /** With its path, such as `https://api.example.com/v1`. */
  upstream: string;
  /** How to speak to it, where its host does not tell. */
  profile?: Profile['id'];
  key: string;
  token: string;
  hosts: readonly string[] | null;
  origins?: readonly string[];
  limits?: Partial<Limits>;
  fetch?: typeof fetch;
  clock?: () => number;
  random?: Random;
  log?: (line: string) => void;
}

/** The routes of the dialect; an encoded dot or a second slash could mean another path to another server. */
const known = /^\/v1\/(?:files|fine_tuning\/jobs|models|chat\/completions)(?:\/[^/]+)*$/;
const odd = /%2e|%5c|\\|\/\//i;

const asked = ['accept', 'content-type', 'idempotency-key', 'last-event-id'];
/** No cookie, no length of what was compressed on the way. */
const told = [
  ...['content-type', 'content-disposition', 'etag', 'retry-after', 'retry-after-ms', 'x-should-retry', 'x-request-id', 'cache-control'],
];

const pick = (headers: Headers, names: readonly string[]): Headers =>
  new Headers(names.flatMap(name => (headers.has(name) ? [[name, headers.get(name)!] as [string, string]] : [])));

export function createProxy(options: ProxyOptions): { fetch(request: Request): Promise<Response> } {
  const { upstream, key, token, hosts, origins = [], clock = Date.now, random = systemRandom, log = console.error } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const send = options.fetch ?? fetch;
  const root = upstream.replace(/\/+$/, '');

  const proxy = { upstream: new URL(root).origin, profile: options.profile ?? profileOf(root)?.id ?? null };

  /** Whoever sends rows here must be able to see where they go: the list of models says it. */
  async function introduce(response: Response): Promise<Response> {
    const bytes = await readBody(response, limits.upload);
    let list: unknown = null;
    try {
      list = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      // Passed on as it is: the client says what is wrong with it.
    }
    const { status, headers } = response;
    if (typeof list !== 'object' || list === null || Array.isArray(list)) return new Response(bytes, { status, headers });
    headers.delete('etag');
    return Response.json({ ...list, proxy }, { status, headers });
  }

  async function forward(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === '/healthz') return Response.json({ ok: true });
    if (pathname === '/openapi.json') return Response.json(openApi);
    if (!known.test(pathname) || odd.test(pathname)) throw notFound('such route');
    if (!['GET', 'POST', 'DELETE'].includes(request.method)) throw notFound('such route');
    const headers = pick(request.headers, asked);
    headers.set('authorization', `Bearer ${key}`);
    const body = request.method === 'POST' ? await readBody(request, limits.upload + limits.json) : null;
    let answer: Response;
    try {
      answer = await send(`${root}${pathname.slice('/v1'.length)}${search}`, {
        ...{ method: request.method, headers, body, signal: request.signal },
        // Whoever may redirect us could have our key.
        ...{ redirect: 'manual', credentials: 'omit' },
      });
    } catch (error) {
      request.signal.throwIfAborted();
      log(`upstream: ${String(error)}`);
      throw new ApiError('upstream_failed', 'The endpoint behind this one cannot be reached.');
    }
    if (answer.status >= 300 && answer.status < 400) {
      await answer.body?.cancel();
      throw new ApiError('upstream_failed', 'The endpoint behind this one answered with a redirect, which is not followed.');
    }
    const passed = new Response(answer.body, { status: answer.status, headers: pick(answer.headers, told) });
    return pathname === '/v1/models' && request.method === 'GET' && answer.ok ? introduce(passed) : passed;
  }

  return { fetch: createFront({ token, hosts, origins, perSecond: limits.perSecond, clock, random, log }, forward) };
}
