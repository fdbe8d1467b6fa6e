// Runs and loops from elsewhere, opened in a worker, where it does not hold the page up.
import { emptyRun, foldAll } from '../../debate/fold';
import type { RunEvent } from '../../debate/events';
import { ShareError } from '../../share/errors';
import type { OpenedLoop } from '../../share/loopFile';
import type { OpenedRun } from '../../share/open';
import type { FromReader, ToReader } from './open.worker';

export type Opened = { kind: 'run'; run: OpenedRun } | { kind: 'loop'; loop: OpenedLoop };

function ask(message: ToReader, signal: AbortSignal): Promise<Opened> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./open.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-reader' });
  const events: RunEvent[] = [];
  let state = emptyRun;
  return new Promise<Opened>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromReader>) => {
      if ('part' in data) {
        events.push(...data.part);
        state = foldAll(data.part, state);
      } else if ('run' in data) resolve({ kind: 'run', run: { ...data.run, file: { polylogue: 'run', schema: 1, events }, state } });
      else if ('loop' in data) resolve({ kind: 'loop', loop: data.loop });
      else reject(new ShareError(data.failed.code, data.failed.message, data.failed.hint));
    };
    worker.onerror = event => {
      event.preventDefault();
      reject(new ShareError('invalid', 'The file could not be read.', 'Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

async function askRun(message: ToReader, signal: AbortSignal): Promise<OpenedRun> {
  const opened = await ask(message, signal);
  if (opened.kind === 'run') return opened.run;
  throw new ShareError('not-a-run', 'There is a loop at this address, not a run.', 'Open it by its own link.');
}

/** A run or a loop; the address has been confirmed. @throws ShareError, or `signal.reason` */
export const openAddress = (url: URL, signal: AbortSignal): Promise<Opened> => ask({ kind: 'url', url: url.href }, signal);

/** A run; the address has been confirmed. @throws ShareError, or `signal.reason` */
export const openUrl = (url: URL, signal: AbortSignal): Promise<OpenedRun> => askRun({ kind: 'url', url: url.href }, signal);

/** The debate in a link. @throws ShareError, or `signal.reason` */
export const openFragment = (fragment: string, signal: AbortSignal): Promise<OpenedRun> => askRun({ kind: 'link', fragment }, signal);
