// The client of OpenAI-FT/1: plain `fetch`, no vendor's SDK (its extra headers fail some preflights), every reply through a schema.
import { createCalls, type CallOptions } from './calls';
import { EndpointError } from './errors';
import { profileIn, profileOf, profiles, type Profile } from './profile';
import { withoutKeyBytes } from './redact';
import { readBody, verify } from './reply';
import { termsOf, type Terms } from './terms';
import {
  checkpointSchema,
  eventSchema,
  fileSchema,
  jobSchema,
  listOf,
  modelListSchema,
  type CheckpointObject,
  type EventObject,
  type FileObject,
  type JobObject,
  type List,
  type ModelList,
  type ModelObject,
} from './wire';
import type { CreateJobBody } from './wire-order';

export interface ClientOptions extends CallOptions {
  profile?: Profile;
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

export function createClient(options: ClientOptions): Client {
  const { root, hide, send, json, all } = createCalls(options);
  const known = options.profile ?? profileOf(options.baseUrl);
  let profile = known ?? profiles.openai;
  let met: Promise<Acquaintance> | null = null;
  const few = options.fewConnections ?? true;
  let streams = few ? 3 : Infinity;

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
      return withoutKeyBytes(bytes, options.token);
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
