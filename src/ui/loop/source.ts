// Where the debates and sets of a loop lie: in this browser, or beside a recording that ships with the page.
import { foldAll, type RunState } from '../../debate/fold';
import { formatRoute } from '../app/route';
import type { Record } from '../session/record.svelte';
import { openUrl } from '../share/reading';

export interface LoopSource {
  /** @throws an error with `message` and perhaps `hint` when it is not there or cannot be read */
  run(id: string): Promise<RunState>;
  /** Where one question of a run, or all of them, is shown. */
  runHref(id: string, qid: string | null): string;
  /** Where a training set is shown; null = not here. */
  setHref(sha256: string): string | null;
  /** The weights can be spoken with here. */
  canTalk: boolean;
}

/** Reads each run once. A run that grows is not asked for here: only whole debates are named by a loop's events. */
function once(read: (id: string) => Promise<RunState>): (id: string) => Promise<RunState> {
  const known = new Map<string, Promise<RunState>>();
  return id => {
    let reading = known.get(id);
    if (!reading) {
      reading = read(id);
      known.set(id, reading);
      // What failed may be there later.
      reading.catch(() => known.delete(id));
    }
    return reading;
  };
}

export const storedSource = (record: Record): LoopSource => ({
  run: once(async id => foldAll((await record.read(id)).events)),
  runHref: (run, qid) => formatRoute({ kind: 'run', run, qid }),
  setHref: set => formatRoute({ kind: 'set', set, row: null }),
  canTalk: true,
});

/** @param folder path of the recording's folder, with a slash at its end */
export function recordedSource(folder: string, signal: AbortSignal): LoopSource {
  const path = (id: string): string => `${folder}runs/${encodeURIComponent(id)}.run.json.gz`;
  return {
    run: once(async id => (await openUrl(new URL(path(id), document.baseURI), signal)).state),
    runHref: (id, qid) => `#run=${encodeURIComponent(path(id))}${qid === null ? '' : `&question=${encodeURIComponent(qid)}`}`,
    setHref: () => null,
    canTalk: false,
  };
}
