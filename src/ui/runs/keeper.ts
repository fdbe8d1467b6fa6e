// The worker that writes to the record, for the time of one import.
import type { RunEvent } from '../../debate/events';
import { sendParts } from '../share/parts';
import type { FromKeeper, Taken, ToKeeper } from './keeper.worker';

export type { Taken };

/** What the keeper could not do, in its words. */
const failure = (message: string, hint: string): Error => Object.assign(new Error(message), { hint });

async function ask(parts: readonly RunEvent[], message: ToKeeper, signal: AbortSignal): Promise<Taken> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./keeper.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-keeper' });
  try {
    const answer = new Promise<Taken>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromKeeper>) =>
        'taken' in data ? resolve(data.taken) : reject(failure(data.failed.message, data.failed.hint));
      worker.onerror = event => {
        event.preventDefault();
        reject(failure('It could not be kept.', 'Reload the page, then try again.'));
      };
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    // It may fail while the parts are still on their way; it is told below.
    answer.catch(() => undefined);
    await sendParts(parts, part => worker.postMessage({ kind: 'part', part } satisfies ToKeeper), signal);
    worker.postMessage(message);
    return await answer;
  } finally {
    worker.terminate();
  }
}

/** Imports a run or loop file: durable, or it did not happen. @throws Error with `message` and `hint`, or `signal.reason` */
export const keepFile = (file: Blob, signal: AbortSignal): Promise<Taken> => ask([], { kind: 'file', file }, signal);

/** Imports a run that is open on the screen. @throws as `keepFile` */
export const keepRun = (events: readonly RunEvent[], signal: AbortSignal): Promise<Taken> => ask(events, { kind: 'events' }, signal);
