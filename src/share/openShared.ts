// Whatever a `#run=` address leads to: a run, or a loop whose debates and sets lie in folders beside it and are fetched when looked at.
import type { TrainingSet } from '../datasets/records';
import type { RunEvent } from '../debate/events';
import { checkLoopRun, checkLoopSet, isObject } from './checkLoop';
import { ShareError } from './errors';
import { fetchBytes } from './fetchBytes';
import { fileCeiling } from './file';
import { parseJson } from './json';
import { isLoop, loopCeiling, openLoopValue, unpacked, type OpenedLoop } from './loopFile';
import { openForeign, type OpenedRun } from './open';

/** The parts of an opened loop; those its file does not hold are fetched from beside it, each checked like the file itself. */
export interface LoopParts {
  /** @throws ShareError, or the reason of `signal` */
  run(id: string, signal?: AbortSignal): Promise<RunEvent[]>;
  /** @throws ShareError, or the reason of `signal` */
  set(sha256: string, signal?: AbortSignal): Promise<TrainingSet>;
}

export type Shared = { kind: 'run'; run: OpenedRun } | { kind: 'loop'; loop: OpenedLoop; parts: LoopParts };

/** A run or a loop by its bytes, as from a drop or a picker. @throws ShareError and nothing else */
export async function openSharedFile(bytes: Uint8Array<ArrayBuffer>): Promise<Shared> {
  const plain = await unpacked(bytes);
  // Parsed twice for a run; the larger of the two, a loop, once.
  const value = parseJson(plain);
  if (!isLoop(value)) return { kind: 'run', run: await openForeign(bytes) };
  const loop = await guarded(() => openLoopValue(value));
  return { kind: 'loop', loop, parts: partsOf(loop, null) };
}

/**
 * Fetches and opens a run or loop file; ask first where `needsConsent`.
 * @throws ShareError, or the reason of `signal`
 */
export async function fetchShared(url: URL, fetch: typeof globalThis.fetch, signal?: AbortSignal): Promise<Shared> {
  const shared = await openSharedFile(await fetchBytes(url, fetch, loopCeiling, signal));
  if (shared.kind === 'run') return shared;
  const beside = (path: string, ceiling: number, stop?: AbortSignal) => fetchBytes(new URL(path, url), fetch, ceiling, stop);
  return { ...shared, parts: partsOf(shared.loop, beside) };
}

type Beside = ((path: string, ceiling: number, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>) | null;

/** Names in a file are not paths: they must not lead out of its folder. */
function plainName(name: string): string {
  if (!/^(?!\.)[\w.-]{1,200}$/.test(name))
    throw new ShareError('hostile', `"${name.slice(0, 80)}" is no name of a file.`, 'Do not trust where it came from.');
  return name;
}

function partsOf({ file }: OpenedLoop, beside: Beside): LoopParts {
  const missing = (what: string) => new ShareError('damaged', `The file does not hold ${what}.`, 'Ask for the whole loop (.loop.json.gz).');
  const fetched = async (path: string, stop?: AbortSignal): Promise<unknown> =>
    parseJson(await unpacked(await beside!(path, fileCeiling, stop)));
  return {
    async run(id, signal) {
      if (file.runs && Object.hasOwn(file.runs, id)) return file.runs[id]!;
      if (!beside) throw missing('this debate');
      const value = await fetched(`runs/${plainName(id)}.run.json.gz`, signal);
      return guarded(() => checkLoopRun(id, isObject(value) ? value.events : null));
    },
    async set(sha256, signal) {
      if (file.sets && Object.hasOwn(file.sets, sha256)) return file.sets[sha256]!;
      if (!beside) throw missing('this training set');
      const value = await fetched(`sets/${plainName(sha256)}.json.gz`, signal);
      return guarded(() => checkLoopSet(sha256, value));
    },
  };
}

/** A gap in our checks is still told as one card and opens nothing. */
async function guarded<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (error instanceof ShareError) throw error;
    throw new ShareError('invalid', 'It holds something this version cannot read.', 'Reload to update, or ask for it again.', error);
  }
}
