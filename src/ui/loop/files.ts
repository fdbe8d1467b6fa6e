// Loops out of the page and into it, each as one file. Packing and checking take seconds, so a worker does both.
import type { LoopFile } from '../../experiment/records';
import { importLoop } from '../../store/import-loop';
import type { RunStore } from '../../store/store';
import type { Notices } from '../app/notices.svelte';
import { download, fileName } from '../session/files';
import type { Record as PageRecord } from '../session/record.svelte';
import { plural } from '../theatre/words';
import type { FromFiler, ToFiler } from './files.worker';

function ask<T extends keyof FromFilerResults>(message: ToFiler, wanted: T, signal: AbortSignal): Promise<FromFilerResults[T]> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./files.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-filer' });
  return new Promise<FromFilerResults[T]>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromFiler>) => {
      if ('failed' in data) reject(Object.assign(new Error(data.failed.message), { hint: data.failed.hint }));
      else resolve((data as FromFilerResults)[wanted]);
    };
    worker.onerror = event => {
      event.preventDefault();
      reject(new Error('The file could not be worked on. Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

interface FromFilerResults {
  packed: Uint8Array<ArrayBuffer>;
  opened: LoopFile;
}

/** Everything of a loop but its weights, as `.loop.json.gz`. */
export async function exportLoop(store: RunStore, loop: string, title: string): Promise<void> {
  const file = await store.exportLoop(loop);
  const bytes = await ask({ kind: 'pack', file }, 'packed', new AbortController().signal);
  download(new Blob([bytes], { type: 'application/gzip' }), `${fileName(title)}.loop.json.gz`);
}

/** @throws Error with a hint when it is no loop of a version this one reads */
export const openLoopFile = async (file: Blob, signal: AbortSignal): Promise<LoopFile> =>
  ask({ kind: 'open', bytes: new Uint8Array(await file.arrayBuffer()) }, 'opened', signal);

/** @param open shows a loop, offered after the import of one */
export async function importLoopFiles(
  files: readonly File[],
  record: PageRecord,
  notices: Notices,
  open: (loop: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const store = await record.store;
  for (const file of files) {
    try {
      const plan = await importLoop(store, await openLoopFile(file, signal));
      const show = { label: 'Open', run: () => open(plan.loop) };
      if (plan.verdict === 'restored') notices.tell(`${file.name}: “${plan.title}”, ${plural(plan.added, 'event')} added.`, show);
      else if (plan.verdict === 'duplicate') notices.tell(`${file.name} is already here.`, show);
      else notices.problem(`${file.name} was not imported. ${plan.reason ?? ''}`);
    } catch (error) {
      if (signal.aborted) return;
      const { message, hint } = error as { message: string; hint?: string };
      notices.problem([`${file.name} was not imported.`, message, hint].filter(Boolean).join(' '));
    }
  }
}
