// Runs and loops from elsewhere, opened in a worker, where it does not hold the page up.
import { ShareError } from '../../share/errors';
import type { OpenedRun } from '../../share/open';
import type { FromReader, Opened, ToReader } from './open.worker';

export type { Opened };

function ask(message: ToReader, signal: AbortSignal): Promise<Opened> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./open.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-reader' });
  return new Promise<Opened>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromReader>) =>
      'opened' in data ? resolve(data.opened) : reject(new ShareError(data.failed.code, data.failed.message, data.failed.hint));
    worker.onerror = event => {
      event.preventDefault();
      reject(new ShareError('invalid', 'The file could not be read.', 'Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

/** A run or a loop. @throws ShareError, or `signal.reason` */
export const openFile = async (file: Blob, signal: AbortSignal): Promise<Opened> =>
  ask({ kind: 'bytes', bytes: new Uint8Array(await file.arrayBuffer()) }, signal);

/** A run or a loop; the address has been confirmed. @throws ShareError, or `signal.reason` */
export const openAddress = (url: URL, signal: AbortSignal): Promise<Opened> => ask({ kind: 'url', url: url.href }, signal);

/** A run; the address has been confirmed. @throws ShareError, or `signal.reason` */
export async function openUrl(url: URL, signal: AbortSignal): Promise<OpenedRun> {
  const opened = await openAddress(url, signal);
  if (opened.kind === 'run') return opened.run;
  throw new ShareError('not-a-run', 'There is a loop at this address, not a run.', 'Open it by its own link.');
}
