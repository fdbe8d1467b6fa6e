// E4: a request that is sent again with its key gives what it gave the first time. Key and body are kept inside what was made, so that both exist or neither.
import { hashOf } from '../models/hash';
import { ApiError } from './errors';
import type { Idempotency } from './facts';

const utf8 = new TextEncoder();

/** @returns null when the request carries no key. @throws ApiError `invalid_request` */
export async function idempotencyOf(request: Request, body: Uint8Array): Promise<Idempotency | null> {
  const key = request.headers.get('idempotency-key');
  if (key === null) return null;
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) throw new ApiError('invalid_request', 'Idempotency-Key takes 1 to 128 visible characters.');
  const route = new URL(request.url).pathname;
  return { key: await hashOf(utf8.encode(`${route} ${key}`)), body: await hashOf(body) };
}

interface Made {
  created: number;
  idempotency: Idempotency | null;
}

/**
 * @returns what was made for this key since `since`
 * @throws ApiError `idempotency_key_reuse` when it was made for another body
 */
export function madeBefore<T>(all: readonly T[], about: (item: T) => Made, asked: Idempotency | null, since: number): T | undefined {
  if (!asked) return undefined;
  const made = all.find(item => about(item).idempotency?.key === asked.key && about(item).created >= since);
  if (made && about(made).idempotency?.body !== asked.body)
    throw new ApiError('idempotency_key_reuse', 'This Idempotency-Key was used for another request.');
  return made;
}

/** Runs one at a time: what is made is seen by whoever asks next. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return work => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}
