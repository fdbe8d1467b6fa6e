// Where the debates and sets of a loop lie: in this browser, beside a recording that ships with the page, or in or beside a shared file.
import { foldAll, type RunState } from '../../debate/fold';
import type { LoopFile } from '../../experiment/records';
import { ShareError } from '../../share/errors';
import { formatRoute } from '../app/route';
import type { Record as PageRecord } from '../session/record.svelte';
import { openUrl } from '../share/reading';

export interface LoopSource {
  /** @throws an error with `message` and perhaps `hint` when it is not there or cannot be read */
  run(id: string): Promise<RunState>;
  /** Where one question of a run, or all of them, is shown; null = nowhere but here. */
  runHref(id: string, qid: string | null): string | null;
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

const setRoute = (set: string): string => formatRoute({ kind: 'set', set, row: null });

export const storedSource = (record: PageRecord): LoopSource => ({
  run: once(async id => foldAll((await record.read(id)).events)),
  runHref: (run, qid) => formatRoute({ kind: 'run', run, qid }),
  setHref: setRoute,
  canTalk: true,
});

const runAddress = (address: string, qid: string | null): string =>
  `#run=${encodeURIComponent(address)}${qid === null ? '' : `&question=${encodeURIComponent(qid)}`}`;

/** @param folder path of the recording's folder, with a slash at its end */
export function recordedSource(folder: string, signal: AbortSignal): LoopSource {
  const path = (id: string): string => `${folder}runs/${encodeURIComponent(id)}.run.json.gz`;
  return {
    run: once(async id => (await openUrl(new URL(path(id), document.baseURI), signal)).state),
    runHref: (id, qid) => runAddress(path(id), qid),
    setHref: setRoute,
    canTalk: false,
  };
}

/** A name in a file of strangers must not lead out of its folder. */
const plainName = /^(?!\.)[\w.-]{1,200}$/;

/** @param url where the file came from; null = it was handed over and holds everything itself */
export function sharedSource({ runs = {} }: LoopFile, url: URL | null, signal: AbortSignal): LoopSource {
  const beside = (id: string): URL | null =>
    url && !Object.hasOwn(runs, id) && plainName.test(id) ? new URL(`runs/${id}.run.json.gz`, url) : null;
  return {
    run: once(async id => {
      if (Object.hasOwn(runs, id)) return foldAll(runs[id]!);
      const address = beside(id);
      if (!address) throw new ShareError('damaged', 'The file does not hold this debate.', 'Ask for the whole loop (.loop.json.gz).');
      return (await openUrl(address, signal)).state;
    }),
    runHref(id, qid) {
      const address = beside(id);
      return address && runAddress(address.href, qid);
    },
    setHref: () => null,
    canTalk: false,
  };
}
