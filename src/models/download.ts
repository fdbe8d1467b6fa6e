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
  // Hubs keep large files elsewhere and tell their true length in a header of their own.
  const length = response.headers.get('x-linked-size') ?? response.headers.get('content-length');
  // A compressed answer's length is not the file's.
  return length === null || response.headers.has('content-encoding') ? undefined : Number(length);
};

/** Length of a file, null when there is none, undefined when the server does not tell (it compresses on the way, say). */
export async function toldSize(fetch: Fetch, url: string, signal?: AbortSignal): Promise<number | null | undefined> {
  const response = await request(fetch, url, { method: 'HEAD', ...(signal ? { signal } : {}) });
  return response && lengthOf(response);
}

/** Length of a file, or null when there is none. @throws EngineError when the server does not tell it */
export async function sizeOf(fetch: Fetch, url: string, signal?: AbortSignal): Promise<number | null> {
  const length = await toldSize(fetch, url, signal);
  if (length === undefined) throw new EngineError('network', `${new URL(url).host} does not tell how long ${url} is.`);
  return length;
}

/**
 * @returns null when there is no such file
 * @throws EngineError `network` when the connection ends early: a file that is cut short is no file
 */
export async function download(fetch: Fetch, url: string, { signal, onBytes }: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer> | null> {
  const response = await request(fetch, url, signal ? { signal } : {});
  if (!response) return null;
  const expected = lengthOf(response);
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
      onBytes?.(done, expected ?? done);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new EngineError('network', `The connection to ${new URL(url).host} broke off.`, 'Try again: finished files are kept.', error);
  }
  if (expected !== undefined && done !== expected)
    throw new EngineError('network', `${url} came with ${done} bytes instead of ${expected}.`, 'Try again: finished files are kept.');
  if (whole) return whole;
  const joined = new Uint8Array(done);
  parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0);
  return joined;
}
