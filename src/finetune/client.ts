// The client of OpenAI-FT/1: plain `fetch`, no vendor's SDK (its extra headers fail some preflights), every reply through a schema.
import * as v from 'valibot';
import { EndpointError, hintFor } from './errors';
import { profileIn, profileOf, profiles, type Profile } from './profile';
import { withoutKey, withoutKeyBytes } from './redact';
import { askedWait, backOff, sleep as realSleep, worthRetrying, type RetryPolicy, type Sleep } from './retry';
import { termsOf, type Terms } from './terms';
import {
  checkpointSchema,
  eventSchema,
  fileSchema,
  jobSchema,
  listOf,
  modelListSchema,
  readErrorBody,
  type CheckpointObject,
  type EventObject,
  type FileObject,
  type JobObject,
  type List,
  type ModelList,
  type ModelObject,
} from './wire';
import type { CreateJobBody } from './wire-order';

/** The part of `fetch` used here: the page's, or the one over a port. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Ends before `/v1`; a URL that already ends in `/v1` is taken as it is. */
  baseUrl: string;
  token: string;
  fetch: Fetch;
  profile?: Profile;
  sleep?: Sleep;
  random?: () => number;
  /** Unix milliseconds, for `retry-after` dates. */
  now?: () => number;
  attempts?: number;
  /**
   * Calls share few connections: browsers keep six to a host of HTTP/1.1. Then half of them may hold event streams, and only of jobs
   * that run. False where calls take none, over a port or within one process.
   */
  fewConnections?: boolean;
}

export interface Acquaintance {
  profile: Profile;
  /** Origin that a proxy passes everything on to; null = no proxy, or none that says so. */
  upstream: string | null;
  /** Methods that it trains a base by, by the id of the base; empty where it does not say. */
  methods: ReadonlyMap<string, readonly string[]>;
  /** Of training a base. */
  terms(base: string): Terms;
}

export interface Client {
  /** Where data goes, as far as the address tells. */
  readonly origin: string;
  /** How to speak to it: before `meet`, where neither the caller nor its host said, as to one that is asked for the least. */
  readonly profile: Profile;
  /** Asks once who it is, and speaks to it accordingly from then on. */
  meet(signal: AbortSignal): Promise<Acquaintance>;
  models(signal: AbortSignal): Promise<ModelObject[]>;
  /** @param key Idempotency-Key; null = none is sent */
  upload(name: string, content: string, key: string | null, signal: AbortSignal): Promise<FileObject>;
  file(id: string, signal: AbortSignal): Promise<FileObject>;
  /** @throws EndpointError `too_large` once more than `limit` bytes came, `damaged` when length or hash are not those announced */
  content(
    id: string,
    limit: number,
    onBytes: (done: number, total: number | null) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
  deleteFile(id: string, signal: AbortSignal): Promise<void>;
  deleteModel(id: string, signal: AbortSignal): Promise<void>;
  createJob(body: CreateJobBody, key: string, signal: AbortSignal): Promise<JobObject>;
  job(id: string, signal: AbortSignal): Promise<JobObject>;
  /** Newest first, all pages. Some providers ignore the filter, so it is applied here too. */
  jobs(metadata: Record<string, string>, signal: AbortSignal): Promise<JobObject[]>;
  cancel(id: string, signal: AbortSignal): Promise<JobObject>;
  /** A page of events, newest first; `after` reaches older ones. */
  events(id: string, after: string | null, signal: AbortSignal): Promise<List<EventObject>>;
  /** The events as a stream; null where the endpoint answers with a list instead. */
  eventStream(id: string, lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null>;
  checkpoints(id: string, signal: AbortSignal): Promise<CheckpointObject[]>;
  /** A place for one more event stream, of a job that runs or waits. @returns how to give it back; null = none is free */
  takeStream(runs: boolean): (() => void) | null;
  /** Text from the endpoint, without the key. */
  hide(text: string): string;
}

/** Bytes of a JSON reply; the largest we ask for, a page of events, is a hundredth of it. */
const mostJson = 16_000_000;
/** Pages of a list; a server that never says the last one must not be followed for ever. */
const mostPages = 200;

interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON, a form as multipart. */
  body?: unknown;
  headers?: Record<string, string>;
  /** May be repeated when no answer came. */
  repeatable?: boolean;
}

export const apiRoot = (baseUrl: string): string => `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

export function createClient(options: ClientOptions): Client {
  const { token, fetch, now = Date.now } = options;
  const known = options.profile ?? profileOf(options.baseUrl);
  let profile = known ?? profiles.openai;
  let met: Promise<Acquaintance> | null = null;
  const root = apiRoot(options.baseUrl);
  const hide = (text: string): string => withoutKey(text, token);
  const few = options.fewConnections ?? true;
  let streams = few ? 3 : Infinity;
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

  /** @throws EndpointError, or `signal.reason` */
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

  /** Follows a list to its end, or until `enough`. */
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

  const keyed = (key: string | null): Record<string, string> => (key === null || !profile.idempotent ? {} : { 'idempotency-key': key });
  const at = (id: string): string => encodeURIComponent(id);

  const modelList = (signal: AbortSignal): Promise<ModelList> => json(modelListSchema, '/models', {}, signal);

  async function ask(signal: AbortSignal): Promise<Acquaintance> {
    const list = await modelList(signal).catch((error: unknown): ModelList => {
      // Some have no list of models; what may not be asked at all, or does not answer, is told now.
      const mute = error instanceof EndpointError && error.status !== null && [400, 404, 405].includes(error.status);
      if (mute) return { object: 'list', data: [], has_more: false, proxy: undefined };
      throw error;
    });
    profile = known ?? profileIn(list);
    const bases = list.data.flatMap(({ id, tuner }) => (tuner?.trainable ? [[id, tuner.methods] as const] : []));
    const mine = profile;
    const terms = (base: string): Terms => termsOf(list.data.find(({ id }) => id === base) ?? {}, mine);
    return { profile, upstream: list.proxy?.upstream ?? null, methods: new Map(bases), terms };
  }

  return {
    origin: new URL(root).origin,
    get profile() {
      return profile;
    },
    async meet(signal) {
      try {
        if (met) return await met;
      } catch {
        signal.throwIfAborted(); // whoever asked first may have given up
      }
      const asking = ask(signal);
      met = asking;
      asking.catch(() => {
        if (met === asking) met = null;
      });
      return await asking;
    },
    models: async signal => (await modelList(signal)).data,
    upload(name, content, key, signal) {
      const body = new FormData();
      body.set('purpose', 'fine-tune');
      body.set('file', new File([content], name, { type: 'application/jsonl' }));
      // A file that arrived twice is a copy; a job never is.
      return json(fileSchema, '/files', { method: 'POST', body, headers: keyed(key), repeatable: true }, signal);
    },
    file: (id, signal) => json(fileSchema, `/files/${at(id)}`, {}, signal),
    async content(id, limit, onBytes, signal) {
      const response = await send(`/files/${at(id)}/content`, { headers: { accept: 'application/octet-stream' } }, signal);
      const bytes = await readBody(response, limit, signal, onBytes);
      await verify(bytes, response);
      return withoutKeyBytes(bytes, token);
    },
    async deleteFile(id, signal) {
      await send(`/files/${at(id)}`, { method: 'DELETE' }, signal);
    },
    async deleteModel(id, signal) {
      await send(`/models/${at(id)}`, { method: 'DELETE' }, signal);
    },
    createJob: (body, key, signal) =>
      json(jobSchema, '/fine_tuning/jobs', { method: 'POST', body, headers: keyed(key), repeatable: profile.idempotent }, signal),
    job: (id, signal) => json(jobSchema, `/fine_tuning/jobs/${at(id)}`, {}, signal),
    async jobs(metadata, signal) {
      const query = new URLSearchParams({ limit: '100' });
      for (const [key, value] of Object.entries(metadata)) query.set(`metadata[${key}]`, value);
      const found = await all(jobSchema, '/fine_tuning/jobs', query, signal);
      return found.filter(job => Object.entries(metadata).every(([key, value]) => job.metadata[key] === value));
    },
    cancel: (id, signal) => json(jobSchema, `/fine_tuning/jobs/${at(id)}/cancel`, { method: 'POST', repeatable: true }, signal),
    events(id, after, signal) {
      const query = new URLSearchParams({ limit: '100', ...(after === null ? {} : { after }) });
      return json(listOf(eventSchema), `/fine_tuning/jobs/${at(id)}/events?${query}`, {}, signal);
    },
    async eventStream(id, lastEventId, signal) {
      const headers = { accept: 'text/event-stream', ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) };
      const response = await send(`/fine_tuning/jobs/${at(id)}/events`, { headers }, signal);
      if (response.body && /^text\/event-stream\b/.test(response.headers.get('content-type') ?? '')) return response.body;
      await response.body?.cancel();
      return null;
    },
    checkpoints: (id, signal) =>
      all(checkpointSchema, `/fine_tuning/jobs/${at(id)}/checkpoints`, new URLSearchParams({ limit: '100' }), signal),
    takeStream(runs) {
      if (!profile.streams || streams <= 0 || (few && !runs)) return null;
      streams--;
      return () => void streams++;
    },
    hide,
  };
}

const requestIdOf = (response: Response): string | null => response.headers.get('x-request-id')?.slice(0, 200) ?? null;

async function faultOf(response: Response, hide: (text: string) => string, signal: AbortSignal): Promise<EndpointError> {
  const { status } = response;
  let said = null;
  try {
    said = readErrorBody(JSON.parse(hide(new TextDecoder().decode(await readBody(response, 64_000, signal)))));
  } catch {
    signal.throwIfAborted(); // anything else: an error page that is not JSON, whose status says enough
  }
  const code = said?.code ?? `http_${status}`;
  const message = said?.message ?? `The endpoint answered ${status}${response.statusText ? ` ${hide(response.statusText)}` : ''}.`;
  return new EndpointError(message, {
    status,
    code,
    requestId: hide(requestIdOf(response) ?? '') || null,
    hint: hintFor(said?.code ?? null, status),
  });
}

const unreachable = (root: string, cause: unknown): EndpointError =>
  new EndpointError(
    `${new URL(root).origin} gave no answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    { code: 'unreachable', hint: hintFor('unreachable', null) },
    cause,
  );

const notTheDialect = (response: Response, message: string, cause?: unknown): EndpointError =>
  new EndpointError(
    message,
    {
      status: response.status,
      code: 'not_the_dialect',
      requestId: requestIdOf(response),
      hint: 'This address is no OpenAI-style finetuning endpoint, or its base URL is another one.',
    },
    cause,
  );

/** @throws EndpointError `too_large`, `damaged`; `signal.reason` */
async function readBody(
  response: Response,
  limit: number,
  signal: AbortSignal,
  onBytes: (done: number, total: number | null) => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): EndpointError =>
    new EndpointError(`The endpoint sends more than ${Math.round(limit / 1e6)} MB.`, { status: response.status, code: 'too_large' });
  const announced = Number(response.headers.get('content-length') ?? NaN);
  // A compressed body is longer than it was announced.
  const total = Number.isSafeInteger(announced) && !response.headers.has('content-encoding') ? announced : null;
  if (total !== null && total > limit) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let done = 0;
  try {
    for (let part; reader && !(part = await reader.read()).done;) {
      chunks.push(part.value);
      onBytes((done += part.value.length), total);
      if (done > limit) {
        await reader.cancel();
        throw tooLarge();
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EndpointError) throw error;
    throw new EndpointError('The connection broke in the middle of an answer.', { status: response.status, code: 'unreachable' }, error);
  }
  if (total !== null && done !== total) {
    throw new EndpointError(`An answer of ${total} bytes ended after ${done}.`, { status: response.status, code: 'damaged' });
  }
  const bytes = new Uint8Array(done);
  let to = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, to);
    to += chunk.length;
  }
  return bytes;
}

/** Ours announces `ETag: "sha256-…"`; others' tags say nothing about the bytes. Without a secure context there is no hash to compare. */
async function verify(bytes: Uint8Array<ArrayBuffer>, response: Response): Promise<void> {
  const told = /^(?:W\/)?"sha256-([0-9a-f]{64})"$/i.exec(response.headers.get('etag') ?? '')?.[1];
  if (told === undefined || !globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== told.toLowerCase()) {
    throw new EndpointError('A file arrived with another hash than the endpoint announced.', {
      status: response.status,
      code: 'damaged',
      requestId: requestIdOf(response),
      hint: 'Download it again; if it happens twice, the connection or a proxy changes files.',
    });
  }
}
