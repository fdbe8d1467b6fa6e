// Puts what comes from elsewhere into the record off the main thread: reading, checking, comparing and writing a long run takes seconds.
import type { RunEvent } from '../../debate/events';
import { openSharedFile } from '../../share/openShared';
import { importRun } from '../../store/import';
import { importLoop } from '../../store/import-loop';
import { openStore, type RunStore } from '../../store/store';

export interface Taken {
  verdict: 'restored' | 'duplicate' | 'invalid';
  kind: 'run' | 'loop';
  /** Of the run or loop. */
  id: string;
  title: string;
  /** Events that were not here yet. */
  added: number;
  reason?: string;
}

export type ToKeeper =
  | { kind: 'file'; file: Blob }
  /** Events of a run that is open already, in parts; then `events`. */
  | { kind: 'part'; part: RunEvent[] }
  | { kind: 'events' };
export type FromKeeper = { taken: Taken } | { failed: { message: string; hint: string } };

const keeper = self as unknown as {
  onmessage: ((event: MessageEvent<ToKeeper>) => void) | null;
  postMessage(message: FromKeeper): void;
};

const events: RunEvent[] = [];

async function takeRun(store: RunStore, given: RunEvent[]): Promise<Taken> {
  const { run, ...plan } = await importRun(store, { polylogue: 'run', schema: 1, events: given });
  return { ...plan, kind: 'run', id: run };
}

async function takeFile(store: RunStore, file: Blob): Promise<Taken> {
  const opened = await openSharedFile(new Uint8Array(await file.arrayBuffer()));
  if (opened.kind === 'run') return takeRun(store, opened.run.file.events);
  const { loop, verdict, title, added, reason } = await importLoop(store, opened.loop.file);
  return { kind: 'loop', id: loop, verdict, title, added, ...(reason === undefined ? {} : { reason }) };
}

async function work(message: Exclude<ToKeeper, { kind: 'part' }>): Promise<FromKeeper> {
  const store = await openStore();
  try {
    return { taken: message.kind === 'file' ? await takeFile(store, message.file) : await takeRun(store, events) };
  } finally {
    await store.close();
  }
}

keeper.onmessage = ({ data }) => {
  if (data.kind === 'part') {
    events.push(...data.part);
    return;
  }
  work(data).then(
    answer => keeper.postMessage(answer),
    (error: unknown) => {
      const { message, hint } = error as { message?: unknown; hint?: unknown };
      keeper.postMessage({ failed: { message: String(message ?? error), hint: typeof hint === 'string' ? hint : '' } });
    },
  );
};
