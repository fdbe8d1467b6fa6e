// A loop as one file: `.loop.json.gz`, its events with its debates and sets. A file from elsewhere is hostile until every part has passed its schema.
import { parseTrainingSet } from '../../datasets/schema';
import { parseLoopEvent } from '../../experiment/schema';
import { foldLoopAll } from '../../experiment/fold';
import type { LoopEvent, LoopFile } from '../../experiment/records';
import type { TrainingSet } from '../../datasets/records';
import type { RunEvent } from '../../debate/events';
import { compress, inflate } from '../../share/bytes';
import { checkEvents } from '../../share/check';
import { ShareError } from '../../share/errors';
import { parseJson } from '../../share/json';
import { publicRun } from '../../share/publicRun';

/** Bytes, unpacked: ten iterations of two hundred questions. */
export const loopCeiling = 256_000_000;

/** Loops that this version cannot read are handed out as they are stored. */
export async function packLoop(file: LoopFile): Promise<Uint8Array<ArrayBuffer>> {
  const runs = Object.fromEntries(Object.entries(file.runs ?? {}).map(([id, events]) => [id, publicRun(events)]));
  const json = JSON.stringify({ ...file, runs });
  return compress(new TextEncoder().encode(json), 'gzip');
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const damaged = (what: string, cause: unknown): ShareError =>
  new ShareError('invalid', `${what} of this file cannot be read.`, 'Ask for it again, or reload the page to update it.', cause);

/** @throws ShareError */
export async function openLoop(bytes: Uint8Array<ArrayBuffer>): Promise<LoopFile> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await inflate(bytes, 'gzip', loopCeiling) : bytes;
  if (plain.length > loopCeiling)
    throw new ShareError('too-large', `The file is larger than ${loopCeiling / 1e6} MB.`, 'Look at it with the command line.');
  const value = parseJson(plain);
  if (!isObject(value) || value.polylogue !== 'loop' || !Array.isArray(value.events)) {
    const run = isObject(value) && value.polylogue === 'run';
    throw new ShareError(
      'not-a-run',
      run ? 'This is the file of a run, not of a loop.' : 'This file is not a Polylogue loop.',
      run ? 'Import it on the Runs screen.' : 'Loop files end in .loop.json.gz.',
    );
  }
  if (typeof value.schema === 'number' && value.schema > 1)
    throw new ShareError('newer', 'This file was made by a newer version of Polylogue.', 'Reload the page to update, then open it again.');

  let events: LoopEvent[];
  try {
    events = value.events.map(parseLoopEvent);
    foldLoopAll(events);
  } catch (error) {
    throw damaged('A loop event', error);
  }
  const runs: Record<string, RunEvent[]> = {};
  for (const [id, run] of Object.entries(isObject(value.runs) ? value.runs : {})) runs[id] = checkEvents(run).events;
  const sets: Record<string, TrainingSet> = {};
  for (const [sha256, set] of Object.entries(isObject(value.sets) ? value.sets : {})) {
    try {
      sets[sha256] = parseTrainingSet(set);
    } catch (error) {
      throw damaged('A training set', error);
    }
  }
  return { polylogue: 'loop', schema: 1, events, runs, sets };
}
