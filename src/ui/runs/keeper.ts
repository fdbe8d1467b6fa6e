// The worker that reads and writes the record for the page, for the time of one import, backup or restore.
import type { RunEvent } from '../../debate/events';
import { sendParts } from '../share/parts';
import type { FromKeeper, Restored, Taken, ToKeeper } from './keeper.worker';

export type { Restored, Taken };
/** Parts done so far; of how many, where that is known. */
export type OnProgress = (done: number, total: number | null) => void;

type Answer = Extract<FromKeeper, { taken: unknown } | { restored: unknown } | { archive: unknown }>;

/** What the keeper could not do, in its words. */
const failure = (message: string, hint: string): Error => Object.assign(new Error(message), { hint });

async function ask(message: ToKeeper, signal: AbortSignal, parts: readonly RunEvent[] = [], onProgress?: OnProgress): Promise<Answer> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./keeper.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-keeper' });
  try {
    const answer = new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromKeeper>) => {
        if ('done' in data) onProgress?.(data.done, data.total);
        else if ('failed' in data) reject(failure(data.failed.message, data.failed.hint));
        else resolve(data);
      };
      worker.onerror = event => {
        event.preventDefault();
        reject(failure('It could not be worked on.', 'Reload the page, then try again.'));
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

const other = (): TypeError => new TypeError('the keeper answered something else');

async function taken(message: ToKeeper, signal: AbortSignal, parts?: readonly RunEvent[]): Promise<Taken> {
  const answer = await ask(message, signal, parts);
  if (!('taken' in answer)) throw other();
  return answer.taken;
}

/** Imports a run or loop file: durable, or it did not happen. @throws Error with `message` and `hint`, or `signal.reason` */
export const keepFile = (file: Blob, signal: AbortSignal): Promise<Taken> => taken({ kind: 'file', file }, signal);

/** Imports a run that is open on the screen. @throws as `keepFile` */
export const keepRun = (events: readonly RunEvent[], signal: AbortSignal): Promise<Taken> => taken({ kind: 'events' }, signal, events);

/** Everything that is on disk but weights, as one zip of JSON lines. @param at ISO 8601 @throws as `keepFile` */
export async function makeBackup(at: string, app: string, onProgress: OnProgress, signal: AbortSignal): Promise<Blob> {
  const answer = await ask({ kind: 'backup', at, app }, signal, [], onProgress);
  if (!('archive' in answer)) throw other();
  return answer.archive;
}

/** Merges a backup by id; nothing here is overwritten. @param dry says what it would do, and does nothing @throws as `keepFile` */
export async function restoreBackup(file: Blob, dry: boolean, onProgress: OnProgress, signal: AbortSignal): Promise<Restored> {
  const answer = await ask({ kind: 'restore', file, dry }, signal, [], onProgress);
  if (!('restored' in answer)) throw other();
  return answer.restored;
}
