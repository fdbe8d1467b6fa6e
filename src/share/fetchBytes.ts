// A file from an address somebody gave: read without cookies, without a referrer, and only up to a ceiling.
import { readUpTo } from './bytes';
import { ShareError } from './errors';

/**
 * What another host delivered after a redirect is refused.
 * @throws ShareError 'network', 'consent', 'damaged', 'too-large', or the reason of `signal`
 */
export async function fetchBytes(
  url: URL,
  fetch: typeof globalThis.fetch,
  ceiling: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', ...(signal ? { signal } : {}) });
  } catch (error) {
    signal?.throwIfAborted();
    const hint = 'The host may be down, or may not allow other sites to read it (CORS). Download the file, then drop it here.';
    throw new ShareError('network', `${url.host} could not be reached from this page.`, hint, error);
  }
  if (!response.ok) {
    throw new ShareError(
      'network',
      `${url.host} answered ${response.status}.`,
      response.status === 404 ? 'The file is not there any more.' : 'Try again later.',
    );
  }
  if (response.url && new URL(response.url).origin !== url.origin) {
    throw new ShareError(
      'consent',
      `${url.host} passed on to ${new URL(response.url).host}, which was not confirmed.`,
      'Open that address itself.',
    );
  }
  if (!response.body) throw new ShareError('damaged', 'The file is empty.', 'Ask for it again.');
  try {
    return await readUpTo(response.body, ceiling);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ShareError) throw error;
    throw new ShareError('network', `The connection to ${url.host} broke before the file was whole.`, 'Try again.', error);
  }
}
