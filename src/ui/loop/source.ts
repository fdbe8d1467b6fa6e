// Where the debates and sets of a loop lie: in this browser, beside a recording that ships with the page, or in or beside a shared file.
import { foldAll, type RunState } from '../../debate/fold';
import type { TrainingSet } from '../../datasets/records';
import type { LoopFile } from '../../experiment/records';
import { ShareError } from '../../share/errors';
import { formatRoute } from '../app/route';
import type { Record as PageRecord } from '../session/record.svelte';
import { openUrl } from '../share/reading';
import { fetchSet } from './recordings';

export interface LoopSource {
  /** @throws an error with `message` and perhaps `hint` when it is not there or cannot be read */
  run(id: string): Promise<RunState>;
  /** @throws as `run` */
  set(sha256: string): Promise<TrainingSet>;
  /** Where one question of a run, a turn of it (`2.0.critic`), or all of them are shown; null = nowhere but here. */
  runHref(id: string, qid: string | null, turn?: string): string | null;
  /** Where a training set is shown; null = not here. */
  setHref(sha256: string): string | null;
  /** The weights can be spoken with here. */
  canTalk: boolean;
}

/** Reads each thing once. A run that grows is not asked for here: only whole debates are named by a loop's events. */
function once<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
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
  set: once(async sha256 => {
    const set = await (await record.store).sets.read(sha256);
    if (!set) throw new ShareError('damaged', 'This set is not kept here any more.', 'It may have been deleted on the Data screen.');
    return set;
  }),
  runHref: (run, qid, turn) => formatRoute({ kind: 'run', run, qid, ...(turn && { turn }) }),
  setHref: setRoute,
  canTalk: true,
});

const runAddress = (address: string, qid: string | null, turn?: string): string =>
  [`#run=${encodeURIComponent(address)}`, qid !== null && `question=${encodeURIComponent(qid)}`, turn && `turn=${encodeURIComponent(turn)}`]
    .filter(Boolean)
    .join('&');

/** @param folder path of the recording's folder, with a slash at its end */
export function recordedSource(folder: string, signal: AbortSignal): LoopSource {
  const path = (id: string): string => `${folder}runs/${encodeURIComponent(id)}.run.json.gz`;
  return {
    run: once(async id => (await openUrl(new URL(path(id), document.baseURI), signal)).state),
    set: once(sha256 => fetchSet(new URL(folder, document.baseURI), sha256, signal)),
    runHref: (id, qid, turn) => runAddress(path(id), qid, turn),
    setHref: setRoute,
    canTalk: false,
  };
}

/** A name in a file of strangers must not lead out of its folder. */
const plainName = /^(?!\.)[\w.-]{1,200}$/;

/** @param url where the file came from; null = it was handed over and holds everything itself */
export function sharedSource({ runs = {}, sets = {} }: LoopFile, url: URL | null, signal: AbortSignal): LoopSource {
  const beside = (id: string): URL | null =>
    url && !Object.hasOwn(runs, id) && plainName.test(id) ? new URL(`runs/${id}.run.json.gz`, url) : null;
  return {
    run: once(async id => {
      if (Object.hasOwn(runs, id)) return foldAll(runs[id]!);
      const address = beside(id);
      if (!address) throw new ShareError('damaged', 'The file does not hold this debate.', 'Ask for the whole loop (.loop.json.gz).');
      return (await openUrl(address, signal)).state;
    }),
    set: once(async sha256 => {
      if (Object.hasOwn(sets, sha256)) return sets[sha256]!;
      if (!url) throw new ShareError('damaged', 'The file does not hold this set.', 'Ask for the whole loop (.loop.json.gz).');
      return fetchSet(url, sha256, signal);
    }),
    runHref(id, qid, turn) {
      const address = beside(id);
      return address && runAddress(address.href, qid, turn);
    },
    setHref: () => null,
    canTalk: false,
  };
}
