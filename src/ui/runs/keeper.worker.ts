// Puts what comes from elsewhere into the record off the main thread: reading, checking, comparing and writing a long run takes seconds.
import type { RunEvent, RunFile } from '../../debate/events';
import type { LoopFile } from '../../experiment/records';
import { BackupWriter, type Kept } from '../../share/backup';
import { openBackup, type Found } from '../../share/openBackup';
import { openSharedFile } from '../../share/openShared';
import { StoreError, unlessUnreadable } from '../../store/errors';
import { importRun, planImport } from '../../store/import';
import { importLoop, planLoopImport } from '../../store/import-loop';
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

/** What a restore of a backup would do, or has done. */
export interface Restored {
  parts: { kind: 'run' | 'loop' | 'set' | 'unknown'; title: string; verdict: Taken['verdict']; reason?: string }[];
}

export type ToKeeper =
  | { kind: 'file'; file: Blob }
  /** @param at ISO 8601 */
  | { kind: 'backup'; at: string; app: string }
  /** @param dry says what it would do and does nothing */
  | { kind: 'restore'; file: Blob; dry: boolean }
  /** Events of a run that is open already, in parts; then `events`. */
  | { kind: 'part'; part: RunEvent[] }
  | { kind: 'events' };
export type FromKeeper =
  | { taken: Taken }
  | { restored: Restored }
  | { archive: Blob }
  /** Parts done so far. */
  | { done: number; total: number | null }
  | { failed: { message: string; hint: string } };

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

/** Everything that is on disk but weights, which leave with their loop. */
async function backup(store: RunStore, at: string, app: string): Promise<Blob> {
  const writer = new BackupWriter();
  const [runs, loops, sets] = [await store.listRuns('alone'), await store.listLoops(), await store.sets.list()];
  const alone = sets.filter(({ loop }) => loop === undefined);
  const total = runs.length + loops.length + alone.length;
  let done = 0;
  const step = (): void => keeper.postMessage({ done: ++done, total });
  const put = (kept: Kept | null, stored: object): void => {
    try {
      if (kept) writer.add(kept);
      else writer.addUnreadable(stored);
    } catch {
      // Not what its schema says: it goes along as it is, and the archive says that it cannot be read.
      writer.addUnreadable(stored);
    }
    step();
  };
  for (const { run } of runs) {
    const file = await store.exportRun(run);
    put(file.schema === 1 ? { kind: 'run', events: file.events as RunEvent[] } : null, file);
  }
  for (const { loop } of loops) {
    const file = await store.exportLoop(loop);
    put(file.schema === 1 ? { kind: 'loop', file: file as LoopFile } : null, file);
  }
  for (const { sha256 } of alone) {
    // Of a set whose rows are not those it was named after, nothing can be trusted.
    const set = await unlessUnreadable(store.sets.read(sha256));
    if (set) put({ kind: 'set', set }, set);
    else step();
  }
  return writer.end(at, app);
}

async function restore(store: RunStore, file: Blob, dry: boolean): Promise<Restored> {
  const parts: Restored['parts'] = [];
  for (const found of openBackup(new Uint8Array(await file.arrayBuffer()))) {
    parts.push(await restorePart(store, found, dry));
    keeper.postMessage({ done: parts.length, total: null });
  }
  return { parts };
}

async function restorePart(store: RunStore, found: Found, dry: boolean): Promise<Restored['parts'][number]> {
  const told = (kind: 'run' | 'loop', { title, verdict, reason }: Pick<Taken, 'title' | 'verdict' | 'reason'>) => ({
    kind,
    title,
    verdict,
    ...(reason === undefined ? {} : { reason }),
  });
  switch (found.kind) {
    case 'run': {
      const run: RunFile = { polylogue: 'run', schema: 1, events: [...found.events] };
      return told('run', await (dry ? planImport(store, run) : importRun(store, run)));
    }
    case 'loop':
      return told('loop', await (dry ? planLoopImport(store, found.file) : importLoop(store, found.file)));
    case 'set': {
      const { sha256 } = found.set.header;
      const here = (await store.sets.read(sha256)) !== null;
      if (!here && !dry && !(await store.sets.save([found.set])))
        throw new StoreError('quota', 'This browser has no room left for all of it.', 'Delete old runs, then restore again.');
      return { kind: 'set', title: `Training set ${sha256.slice(0, 12)}`, verdict: here ? 'duplicate' : 'restored' };
    }
    case 'invalid':
      return { kind: 'unknown', title: found.name, verdict: 'invalid', reason: found.reason };
  }
}

async function work(message: Exclude<ToKeeper, { kind: 'part' }>): Promise<FromKeeper> {
  const store = await openStore();
  try {
    switch (message.kind) {
      case 'file':
        return { taken: await takeFile(store, message.file) };
      case 'events':
        return { taken: await takeRun(store, events) };
      case 'backup':
        return { archive: await backup(store, message.at, message.app) };
      case 'restore':
        return { restored: await restore(store, message.file, message.dry) };
    }
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
