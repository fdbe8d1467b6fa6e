// The recording that plays at first paint: a real debate, made by the command line with the built-in model, shipped with the page.
import type { RunEvent, RunFile } from '../../debate/events';
import { foldAll, type RunState } from '../../debate/fold';
import { parseRunEvent } from '../../debate/schema';

export interface Recording {
  file: RunFile;
  state: RunState;
}

/** @throws Error when it cannot be fetched or is no run */
export async function fetchRecording(path: string, signal: AbortSignal): Promise<Recording> {
  const response = await fetch(new URL(path, document.baseURI), { signal });
  if (!response.ok) throw new Error(`${path} answered with status ${response.status}`);
  const { events } = (await response.json()) as { events: unknown[] };
  const file: RunFile = { polylogue: 'run', schema: 1, events: events.map((event): RunEvent => parseRunEvent(event)) };
  return { file, state: foldAll(file.events) };
}

export const featuredPath = 'runs/featured.run.json';
