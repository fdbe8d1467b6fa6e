// Loops that were recorded by the command line and ship with the page. Each replays before any model is fetched.
import type { LoopEvent, LoopFile } from '../../experiment/records';
import { parseLoopEvent } from '../../experiment/schema';

export interface Recording {
  /** Name in the address, and of its preset. */
  id: string;
  folder: string;
}

export const recordings: readonly Recording[] = [
  { id: 'gentle', folder: 'runs/gentle/' },
  { id: 'collapse', folder: 'runs/collapse/' },
];

export const recordingOf = (id: string): Recording | null => recordings.find(one => one.id === id) ?? null;

/** @throws Error when it is not there or is no loop */
export async function fetchLoop({ folder }: Recording, signal: AbortSignal): Promise<LoopEvent[]> {
  const path = `${folder}loop.json`;
  const response = await fetch(new URL(path, document.baseURI), { signal });
  if (!response.ok) throw new Error(`${path} answered with status ${response.status}`);
  const { events } = (await response.json()) as Pick<LoopFile, 'events'>;
  return events.map(parseLoopEvent);
}
