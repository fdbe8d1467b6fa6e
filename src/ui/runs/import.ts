// Run files into the record: each is checked, what would happen is said, then it is done. Nothing here is ever overwritten.
import { importRun } from '../../store/import';
import type { Notices } from '../app/notices.svelte';
import type { Record } from '../session/record.svelte';
import { plural } from '../theatre/words';
import { openFile } from '../share/reading';

/** @param open shows a run, offered after the import of one */
export async function importFiles(
  files: readonly File[],
  record: Record,
  notices: Notices,
  open: (run: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const store = await record.store;
  for (const file of files) {
    try {
      const plan = await importRun(store, (await openFile(file, signal)).file);
      const show = { label: 'Open', run: () => open(plan.run) };
      if (plan.verdict === 'restored') notices.tell(`${file.name}: “${plan.title}”, ${plural(plan.added, 'event')} added.`, show);
      else if (plan.verdict === 'duplicate') notices.tell(`${file.name} is already here.`, show);
      else notices.problem(`${file.name} was not imported. ${plan.reason ?? ''}`);
    } catch (error) {
      if (signal.aborted) return;
      const { message, hint } = error as { message: string; hint?: string };
      notices.problem([`${file.name} was not imported.`, message, hint].filter(Boolean).join(' '));
    }
  }
  await record.refresh();
}
