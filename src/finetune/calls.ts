// One call after the other to an endpoint: with its key, repeated where that is safe, every reply through a schema.
import * as v from 'valibot';
import { EndpointError } from './errors';
import { withoutKey } from './redact';
import { readBody } from './reply';
import { faultOf, notTheDialect, unreachable } from './reply-faults';
import { askedWait, backOff, sleep as realSleep, worthRetrying, type RetryPolicy, type Sleep } from './retry';
import { listOf } from './wire';

/** The part of `fetch` used here: the page's, or the one over a port. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface CallOptions {
  /** Ends before `/v1`; a URL that already ends in `/v1` is taken as it is. */
  baseUrl: string;
  token: string;
  fetch: Fetch;
  sleep?: Sleep;
  random?: () => number;
  /** Unix milliseconds, for `retry-after` dates. */
  now?: () => number;
  attempts?: number;
}

/** Bytes of a JSON reply; the largest we ask for, a page of events, is a hundredth of it. */
const mostJson = 16_000_000;
/** Pages of a list; a server that never says the last one must not be followed for ever. */
const mostPages = 200;

export interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON, a form as multipart. */
  body?: unknown;
  headers?: Record<string, string>;
  /** May be repeated when no answer came. */
  repeatable?: boolean;
}

export interface Calls {
  /** Where `/v1` begins. */
  readonly root: string;
  /** Text from the endpoint, without the key. */
  hide(text: string): string;
  /** @throws EndpointError, or `signal.reason` */
  send(path: string, call: Call, signal: AbortSignal): Promise<Response>;
  json<T>(schema: v.GenericSchema<unknown, T>, path: string, call: Call, signal: AbortSignal): Promise<T>;
  /** Follows a list to its end, or until there is nothing new on a page. */
  all<T extends { id: string }>(item: v.GenericSchema<unknown, T>, path: string, query: URLSearchParams, signal: AbortSignal): Promise<T[]>;
}

export const apiRoot = (baseUrl: string): string => `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

export function createCalls(options: CallOptions): Calls {
  const { token, fetch, now = Date.now } = options;
  const root = apiRoot(options.baseUrl);
  const hide = (text: string): string => withoutKey(text, token);
  const policy: RetryPolicy = {
    attempts: options.attempts ?? 5,
    random: options.random ?? Math.random,
    sleep: options.sleep ?? realSleep,
  };

  async function once(path: string, call: Call, signal: AbortSignal): Promise<Response> {
    const { method = 'GET', body, headers } = call;
    const form = body instanceof FormData;
    return fetch(`${root}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal,
    });
  }

  async function send(path: string, call: Call, signal: AbortSignal): Promise<Response> {
    const { repeatable = (call.method ?? 'GET') !== 'POST' } = call;
    for (let attempt = 0; ; attempt++) {
      const last = attempt + 1 >= policy.attempts;
      let wait = backOff(attempt, policy.random);
      try {
        const response = await once(path, call, signal);
        if (response.ok) return response;
        const fault = await faultOf(response, hide, signal);
        if (last || !worthRetrying(response.status, fault.code, response.headers)) throw fault;
        wait = askedWait(response.headers, now()) ?? wait;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof EndpointError) throw error;
        if (last || !repeatable) throw unreachable(root, error);
      }
      await policy.sleep(wait, signal);
    }
  }

  async function json<T>(schema: v.GenericSchema<unknown, T>, path: string, call: Call, signal: AbortSignal): Promise<T> {
    const response = await send(path, call, signal);
    const text = hide(new TextDecoder().decode(await readBody(response, mostJson, signal)));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw notTheDialect(response, `${path} answered with something that is not JSON`, error);
    }
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return parsed.output;
    const issue = parsed.issues[0];
    throw notTheDialect(response, `${path} answered in another shape: ${v.getDotPath(issue) ?? 'reply'}: ${issue.message}`);
  }

  async function all<T extends { id: string }>(
    item: v.GenericSchema<unknown, T>,
    path: string,
    query: URLSearchParams,
    signal: AbortSignal,
  ): Promise<T[]> {
    const found: T[] = [];
    const seen = new Set<string>();
    for (let page = 0; page < mostPages; page++) {
      const list = await json(listOf(item), `${path}?${query}`, {}, signal);
      const fresh = list.data.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      found.push(...fresh);
      // A server that ignores the cursor sends the same page again.
      if (!list.has_more || fresh.length === 0) break;
      query.set('after', list.data.at(-1)!.id);
    }
    return found;
  }

  return { root, hide, send, json, all };
}
