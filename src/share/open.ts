// The one door for runs from elsewhere. Opening reads and checks; it runs no model, loads none and calls nobody.
import { ShareError } from './errors';
import { openRunFile } from './file';
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
