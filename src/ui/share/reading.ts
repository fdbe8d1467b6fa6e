// Runs from elsewhere, opened where it does not hold the page up: small ones here, files in a worker.
import { ShareError } from '../../share/errors';
import { openForeign, type OpenedRun } from '../../share/open';
import type { FromReader, ToReader } from './open.worker';

/** Below this a worker takes longer to start than the run to read. */
const inlineBytes = 200_000;

function ask(message: ToReader, signal: AbortSignal): Promise<OpenedRun> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./open.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-reader' });
  return new Promise<OpenedRun>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromReader>) =>
      'opened' in data ? resolve(data.opened) : reject(new ShareError(data.failed.code, data.failed.message, data.failed.hint));
    worker.onerror = event => {
      event.preventDefault();
      reject(new ShareError('invalid', 'The run could not be read.', 'Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

/** @throws ShareError, or `signal.reason` */
export async function openFile(file: Blob, signal: AbortSignal): Promise<OpenedRun> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return bytes.length <= inlineBytes ? openForeign(bytes) : ask({ kind: 'bytes', bytes }, signal);
}

/** The address has been confirmed. @throws ShareError, or `signal.reason` */
export const openUrl = (url: URL, signal: AbortSignal): Promise<OpenedRun> => ask({ kind: 'url', url: url.href }, signal);
