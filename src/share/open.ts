// The one door for runs from elsewhere. Opening reads and checks; it runs no model, loads none and calls nobody.
import { readUpTo } from './bytes';
import { ShareError } from './errors';
import { fileCeiling, openRunFile } from './file';
import { openLink } from './link';
import type { OpenedRun } from './opened';

export type { OpenedRun };

/**
 * A pasted link or fragment, the text of a run file, or its bytes.
 * @throws ShareError and nothing else
 */
export async function openForeign(source: string | Uint8Array<ArrayBuffer>): Promise<OpenedRun> {
  try {
    if (typeof source !== 'string') return await openRunFile(source);
    const text = source.trim();
    if (text.startsWith('{')) return await openRunFile(new TextEncoder().encode(text));
    return await openLink(text.slice(text.indexOf('#') + 1));
  } catch (error) {
    if (error instanceof ShareError) throw error;
    // A gap in our checks, not in the reader's care: it is still told as one card and opens nothing.
    throw new ShareError('invalid', 'It holds something this version cannot read.', 'Reload to update, or ask for the run again.', error);
  }
}

/** Whether a run file's address must be named and confirmed before it is fetched: every host but our own. @throws ShareError 'not-a-run' */
export function needsConsent(url: string, origin: string): boolean {
  return resolveRunUrl(url, origin).origin !== new URL(origin).origin;
}

/** @param base the page's address @throws ShareError for what is no web address */
export function resolveRunUrl(url: string, base: string): URL {
  const address = URL.canParse(url, base) ? new URL(url, base) : null;
  if (!address || (address.protocol !== 'https:' && address.protocol !== 'http:') || address.username || address.password) {
    throw new ShareError(
      'not-a-run',
      'The link names no web address of a run file.',
      'It must begin with https:// or be a path on this site.',
    );
  }
  return address;
}

/**
 * Fetches and opens a run file; ask first where `needsConsent`. No cookies, no referrer; what another host delivered after a redirect is not opened.
 * @throws ShareError, or the reason of `signal`
 */
export async function fetchRun(url: URL, fetch: typeof globalThis.fetch, signal?: AbortSignal): Promise<OpenedRun> {
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
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readUpTo(response.body, fileCeiling);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ShareError) throw error;
    throw new ShareError('network', `The connection to ${url.host} broke before the file was whole.`, 'Try again.', error);
  }
  return openForeign(bytes);
}
