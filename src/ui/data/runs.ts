// Debates that sets can be made from: finished runs of this browser, then the recorded ones that ship with the page.
import type { RunFile } from '../../debate/events';
import { foldAll, type RunState } from '../../debate/fold';
import { importRun } from '../../store/import';
import type { OpenedRun } from '../../share/open';
import type { ListedRun } from '../../store/store';
import type { Example } from '../runs/examples';
import type { Record } from '../session/record.svelte';
import { openUrl } from '../share/reading';
import { plural } from '../theatre/words';
import type { Recorded } from './recorded';

export interface Candidate {
  id: string;
  title: string;
  read(signal: AbortSignal): Promise<RunState>;
  /** Brings the debate into this browser, so that rows can lead to it. */
  keep(): Promise<void>;
}

export function storedCandidates(list: readonly ListedRun[], record: Record): Candidate[] {
  return list.flatMap(({ run, title, header }) =>
    header && header.done > 0
      ? [
          {
            id: run,
            title: `${title} · ${plural(header.done, 'question')}${header.finished ? '' : ', unfinished'}`,
            read: async () => foldAll((await record.read(run)).events),
            keep: () => Promise.resolve(),
          },
        ]
      : [],
  );
}

/** @param open reads a run that ships with the page */
function shipped(id: string, title: string, record: Record, open: (signal: AbortSignal) => Promise<OpenedRun | null>): Candidate {
  let file: RunFile | null = null;
  return {
    id,
    title,
    async read(signal) {
      const opened = await open(signal);
      if (!opened) throw new Error('This copy of the page does not hold it.');
      file = opened.file;
      return opened.state;
    },
    async keep() {
      const plan = file && (await importRun(await record.store, file));
      if (plan?.verdict === 'invalid') throw new Error(plan.reason ?? 'The recorded run could not be kept.');
      await record.refresh();
    },
  };
}

export const exampleCandidates = (examples: readonly Example[], record: Record): Candidate[] =>
  examples.map(({ path, title }) => shipped(path, title, record, signal => openUrl(new URL(path, document.baseURI), signal)));

export const recordedCandidates = (recorded: Recorded, record: Record): Candidate[] =>
  recorded.training.map(({ run, title }) => shipped(run, title, record, () => recorded.run(run)));
