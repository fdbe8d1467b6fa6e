// A name for the exact bytes of a file.
import { sha256Of } from '../datasets/sha256';

/** SHA-256 in hex; by the browser where it offers that, which a page opened over plain http of a local network does not. */
export async function hashBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) return sha256Of(bytes);
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
