// Loops that were recorded by the command line and ship with the page. Each replays before any model is fetched.
import type { TrainingSet } from '../../datasets/records';
import type { LoopEvent, LoopFile } from '../../experiment/records';
import { parseLoopEvent } from '../../experiment/schema';
import { inflate, readUpTo } from '../../share/bytes';
import { checkLoopSet } from '../../share/checkLoop';
import { fileCeiling } from '../../share/file';

export interface Recording {
  /** Name in the address. */
  id: string;
  folder: string;
  preset: 'gentle' | 'collapse';
  /** What it is, where several are offered. */
  title: string;
  /** Not a society: one model that speaks as all of it, kept to be held against the other of this preset. */
  control: boolean;
}

const recorded = (preset: Recording['preset']): Recording[] => [
  { id: preset, folder: `runs/${preset}/`, preset, title: preset, control: false },
  { id: `${preset}-union`, folder: `runs/${preset}-union/`, preset, title: `${preset}, one model on all sets`, control: true },
  { id: `${preset}-single`, folder: `runs/${preset}-single/`, preset, title: `${preset}, one model on all first answers`, control: true },
];

export const recordings: readonly Recording[] = [...recorded('gentle'), ...recorded('collapse')];

export const recordingOf = (id: string): Recording | null => recordings.find(one => one.id === id) ?? null;

/** @throws Error when it is not there or is no loop */
export async function fetchLoop({ folder }: Recording, signal: AbortSignal): Promise<LoopEvent[]> {
  const path = `${folder}loop.json`;
  const response = await fetch(new URL(path, document.baseURI), { signal });
  if (!response.ok) throw new Error(`${path} answered with status ${response.status}`);
  const { events } = (await response.json()) as Pick<LoopFile, 'events'>;
  return events.map(parseLoopEvent);
}

/** A set beside a loop's file. @throws Error or ShareError when it is not there, is none, or is another one */
export async function fetchSet(folder: URL, sha256: string, signal: AbortSignal): Promise<TrainingSet> {
  const response = await fetch(new URL(`sets/${sha256}.json.gz`, folder), { signal });
  if (!response.ok || !response.body) throw new Error(`The set answered with status ${response.status}.`);
  const bytes = await readUpTo(response.body, fileCeiling);
  // Some hosts unpack .gz on the way.
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await inflate(bytes, 'gzip', fileCeiling) : bytes;
  return checkLoopSet(sha256, JSON.parse(new TextDecoder().decode(plain)));
}
