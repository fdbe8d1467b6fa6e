// Files into the record, runs and loops alike: each is checked, then merged by its id. Nothing here is ever overwritten.
import type { Notices } from '../app/notices.svelte';
import type { Route } from '../app/route';
import type { Record } from '../session/record.svelte';
import { plural } from '../theatre/words';
import { keepFile, type Taken } from './keeper';

const routeOf = ({ kind, id }: Taken): Route => (kind === 'run' ? { kind, run: id, qid: null } : { kind, loop: id });

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
  const here: Route[] = [];
  for (const file of files) {
    try {
      const taken = await keepFile(file, signal);
      const { verdict, title, added, reason } = taken;
      const show = open && { label: 'Open', run: () => open(routeOf(taken)) };
      if (verdict !== 'invalid') here.push(routeOf(taken));
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
