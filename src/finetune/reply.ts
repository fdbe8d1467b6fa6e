// What comes back in one reply: no longer than allowed, whole, and the bytes that were announced.
import { EndpointError } from './errors';

export const requestIdOf = (response: Response): string | null => response.headers.get('x-request-id')?.slice(0, 200) ?? null;

/** @throws EndpointError `too_large`, `damaged`; `signal.reason` */
export async function readBody(
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
export async function verify(bytes: Uint8Array<ArrayBuffer>, response: Response): Promise<void> {
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
