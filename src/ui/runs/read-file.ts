// A run file as bytes to a checked run.
import { parseRunEvent } from '../../debate/schema';
import type { RunFile } from '../../debate/events';

export async function readFile(file: Blob): Promise<RunFile> {
  const { events } = JSON.parse(await file.text()) as { events: unknown[] };
  return { polylogue: 'run', schema: 1, events: events.map(parseRunEvent) };
}
