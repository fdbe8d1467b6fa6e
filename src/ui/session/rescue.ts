// Hands out what would go with this tab.
import { StoreError } from '../../store/errors';
import type { LiveRun } from './live-run.svelte';
import { downloadRun, type Record } from './record.svelte';

/** Hands out every run and loop that is not whole on disk. @throws StoreError when one cannot be read back */
export async function exportUnsaved(record: Record, live: LiveRun | null): Promise<void> {
  const store = await record.store;
  // What came before the unsaved part is on disk, and reading it needs a connection.
  await record.retry();
  for (const { run, title, unsaved } of await store.listRuns()) {
    if (unsaved === 0) continue;
    try {
      await record.exportRun(run);
    } catch (error) {
      // The live run is whole in this tab, whatever became of the disk.
      if (!(error instanceof StoreError) || live?.id !== run) throw error;
      await downloadRun(live.file(), title);
    }
  }
  for (const { loop, title, unsaved } of await store.listLoops()) {
    if (unsaved === 0) continue;
    const { exportLoop } = await import('../loop/files');
    await exportLoop(store, loop, title);
  }
}
