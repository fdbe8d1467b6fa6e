// Files from elsewhere, read where it does not hold the page up: small ones here, archives and large ones in a worker.
import { isArchive } from '../../datasets/formats/archive';
import { longestFile } from '../../datasets/formats/lines';
import { readText, type Found } from './read';
import type { FromRowReader } from './read.worker';

/** Below this a worker takes longer to start than the file to read. */
const inlineBytes = 500_000;

/** @throws Error in words, or `signal.reason` */
export async function readRows(file: File, signal: AbortSignal): Promise<Found> {
  if (file.size > longestFile) throw new Error('It is larger than 64 MB.');
  const packed = isArchive(new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  if (file.size <= inlineBytes && !packed) return readText(await file.text());
  signal.throwIfAborted();
  const worker = new Worker(new URL('./read.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-rows' });
  return new Promise<Found>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromRowReader>) => ('found' in data ? resolve(data.found) : reject(new Error(data.failed)));
    worker.onerror = event => {
      event.preventDefault();
      reject(new Error('It could not be read. Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
