// Files into the record, runs and loops alike: each is checked, what would happen is said, then it is done. Nothing here is ever overwritten.
import { importRun } from '../../store/import';
import { importLoop } from '../../store/import-loop';
import type { RunStore } from '../../store/store';
import type { Notices } from '../app/notices.svelte';
import type { Route } from '../app/route';
import type { Record } from '../session/record.svelte';
import { openFile, type Opened } from '../share/reading';
import { plural } from '../theatre/words';

interface Taken {
  verdict: 'restored' | 'duplicate' | 'invalid';
  title: string;
  added: number;
  reason?: string;
  route: Route;
}

/** @throws StoreError when the browser cannot store it */
export async function take(store: RunStore, opened: Opened): Promise<Taken> {
  if (opened.kind === 'run') {
    const plan = await importRun(store, opened.run.file);
    return { ...plan, route: { kind: 'run', run: plan.run, qid: null } };
  }
  const plan = await importLoop(store, opened.loop.file);
  return { ...plan, route: { kind: 'loop', loop: plan.loop } };
}

/**
 * @param open shows what was imported, offered after each; null where the caller shows it at once
 * @returns where each of them now is; those that were not imported are told as problems
 */
export async function importFiles(
  files: readonly File[],
  record: Record,
  notices: Notices,
  open: ((route: Route) => void) | null,
  signal: AbortSignal,
): Promise<Route[]> {
  const store = await record.store;
  const here: Route[] = [];
  for (const file of files) {
    try {
      const { verdict, title, added, reason, route } = await take(store, await openFile(file, signal));
      const show = open && { label: 'Open', run: () => open(route) };
      if (verdict !== 'invalid') here.push(route);
      if (verdict === 'restored') notices.tell(`${file.name}: “${title}”, ${plural(added, 'event')} added.`, show);
      else if (verdict === 'duplicate') notices.tell(`${file.name} is already here.`, show);
      else notices.problem(`${file.name} was not imported. ${reason ?? ''}`);
    } catch (error) {
      if (signal.aborted) return here;
      const { message, hint } = error as { message: string; hint?: string };
      notices.problem([`${file.name} was not imported.`, message, hint].filter(Boolean).join(' '));
    }
  }
  await record.refresh();
  return here;
}
