// One file over HTTP, whole or not at all, with its bytes counted on the way.
import { EngineError } from './fault';
import type { ReadOptions } from './model-folder';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

function refusal(url: string, status: number): EngineError {
  if (status === 401 || status === 403)
    return new EngineError(
      'auth',
      `${new URL(url).host} refused the model (${status}).`,
      'The model may need a licence to be accepted, or may not exist.',
    );
  return new EngineError('network', `${new URL(url).host} answered ${status} for ${url}.`, 'Try again later.');
}

async function request(fetch: Fetch, url: string, init: RequestInit): Promise<Response | null> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new EngineError(
      'network',
      `${new URL(url).host} could not be reached.`,
      'Check the connection, or use the built-in model.',
      error,
    );
  }
  if (response.status === 404) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw refusal(url, response.status);
  return response;
}

const lengthOf = (response: Response): number | undefined => {
  const { headers, status } = response;
  const whole = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  // Hubs keep large files elsewhere and tell their true length in a header of their own.
  const told = whole ?? headers.get('x-linked-size');
  if (told != null) return Number(told);
  const length = headers.get('content-length');
  // The length of a part or of a compressed answer is not the file's.
  return length === null || status === 206 || headers.has('content-encoding') ? undefined : Number(length);
};

/**
 * Files that hubs compress on the way: without a length, or with that of the compressed bytes and no word about it, since pages of other
 * sites do not see the header that would tell. What length such a file has is known when it has been read.
 */
export const isText = (path: string): boolean => /\.(json|jinja|txt)$/.test(path);

/** Whoever asks for a part is answered uncompressed: browsers see to that, and pages cannot ask for it in another way. */
const part = { headers: { range: 'bytes=0-0' } };
const withSignal = (init: RequestInit, signal?: AbortSignal): RequestInit => (signal ? { ...init, signal } : init);

/** Length of a file, null when there is none, undefined when the server does not tell (it compresses on the way, say). */
export async function toldSize(fetch: Fetch, url: string, signal?: AbortSignal): Promise<number | null | undefined> {
  const response = await request(fetch, url, withSignal({ method: 'HEAD' }, signal));
  return response && lengthOf(response);
}

/** Asks for one byte of a file, in order to learn how many there are. */
async function partSize(fetch: Fetch, url: string, method: 'HEAD' | 'GET', signal?: AbortSignal): Promise<number | null | undefined> {
  const response = await request(fetch, url, withSignal({ method, ...part }, signal));
  await response?.body?.cancel();
  return response && lengthOf(response);
}

/**
 * Length of a file on a hub, or null when there is none.
 * @returns undefined for a text whose length is only known by reading it
 * @throws EngineError when the server does not tell the length of any other file
 */
export async function hubSize(fetch: Fetch, url: string, signal?: AbortSignal): Promise<number | null | undefined> {
  if (isText(url)) {
    try {
      return await partSize(fetch, url, 'HEAD', signal);
    } catch (error) {
      signal?.throwIfAborted();
      // Some browsers ask the other site for permission first, and some sites refuse it.
      if (!(error instanceof EngineError && error.code === 'network')) throw error;
      return toldSize(fetch, url, signal);
    }
  }
  let length = await toldSize(fetch, url, signal);
  if (length === undefined) length = await partSize(fetch, url, 'GET', signal);
  if (length === undefined) throw new EngineError('network', `${new URL(url).host} does not tell how long ${url} is.`);
  return length;
}

export interface DownloadOptions extends ReadOptions {
  /** Length of the file, where it is known better than from the answer. */
  bytes?: number | undefined;
  /** Longest answer that is taken, in bytes. */
  most?: number;
}

/**
 * @returns null when there is no such file
 * @throws EngineError `network` when the connection ends early: a file that is cut short is no file
 */
export async function download(fetch: Fetch, url: string, options: DownloadOptions = {}): Promise<Uint8Array<ArrayBuffer> | null> {
  const { signal, onBytes, most = Infinity } = options;
  const response = await request(fetch, url, withSignal({}, signal));
  if (!response) return null;
  const expected = options.bytes ?? lengthOf(response);
  const parts: Uint8Array[] = [];
  let whole = expected === undefined ? undefined : new Uint8Array(expected);
  let done = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done) break;
      if (whole && done + next.value.length <= whole.length) whole.set(next.value, done);
      else {
        if (whole) parts.push(whole.slice(0, done));
        whole = undefined;
        parts.push(next.value);
      }
      done += next.value.length;
      if (done > most) {
        await reader?.cancel();
        throw new EngineError('network', `${url} came with more than ${most} bytes.`);
      }
      onBytes?.(done, Math.max(done, expected ?? 0));
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw new EngineError('network', `The connection to ${new URL(url).host} broke off.`, 'Try again: finished files are kept.', error);
  }
  // Of a text the length told may be that of its compressed bytes; the connection itself notices when it is cut short.
  if (expected !== undefined && done !== expected && !isText(url))
    throw new EngineError('network', `${url} came with ${done} bytes instead of ${expected}.`, 'Try again: finished files are kept.');
  if (whole) return done === whole.length ? whole : whole.slice(0, done);
  const joined = new Uint8Array(done);
  parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0);
  return joined;
}
