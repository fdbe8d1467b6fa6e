// A name for the exact bytes of a model, so that a run can say what spoke.

import type { GraphFiles } from './load-graph';

/** SHA-256 in hex. Pages that are not served securely have no `crypto.subtle`; they get a length and a checksum, marked as such. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  if (globalThis.crypto?.subtle) {
    const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
    return [...new Uint8Array(digest)].map(b => b.toString(16).padStart(2, '0')).join('');
  }
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return `fnv-${bytes.length}-${(sum >>> 0).toString(16)}`;
}

/** A name for a graph and all its weights: of a graph in one file the hash of that file, else of the list of all files with their hashes. */
export async function hashGraph({ graph, external }: GraphFiles): Promise<string> {
  const own = await hashOf(graph);
  if (external.length === 0) return own;
  const others: string[] = [];
  for (const { path, data } of external) others.push(`${path} ${await hashOf(data)}`);
  return hashOf(new TextEncoder().encode([own, ...others].join('\n')));
}
