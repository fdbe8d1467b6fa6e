// A loop as a file: `loop.json` with its events alone, or everything but its weights as `.loop.json.gz`.
import { canonicalJson } from '../datasets/seal';
import type { LoopState } from '../experiment/fold';
import type { LoopFile } from '../experiment/records';
import { hash128 } from '../tasks/hash';
import { compress, inflate } from './bytes';
import { checkLoop, isObject } from './checkLoop';
import { digestOf } from './digest';
import { ShareError } from './errors';
import { parseJson } from './json';
import { publicLoopEvent } from './publicLoop';
import { publicRun } from './publicRun';

/** Bytes, unpacked: ten iterations of two hundred questions with every token. */
export const loopCeiling = 256_000_000;

export interface OpenedLoop {
  file: LoopFile;
  state: LoopState;
  digest: string;
  /** 'intact' = the file's own digest fits; 'edited' = it does not; 'unknown' = it carries none. */
  edited: 'intact' | 'edited' | 'unknown';
}

/** A short name for the exact content; it tells copies apart and is no signature. */
export function loopDigest({ events, runs = {}, sets = {} }: LoopFile): string {
  const parts = [
    ...Object.entries(runs).map(([id, run]) => `run ${id} ${digestOf(run)}`),
    // The header names the hash of its rows.
    ...Object.values(sets).map(({ header }) => `set ${canonicalJson(header)}`),
  ];
  return hash128(JSON.stringify([events.map(publicLoopEvent), parts.sort()]));
}

/** The copy of a loop that may leave the page. @throws v.ValiError when it is none: a defect of the page, not of the reader */
export function publicLoop({ events, runs, sets }: LoopFile): LoopFile {
  return {
    polylogue: 'loop',
    schema: 1,
    events: events.map(publicLoopEvent),
    ...(runs && { runs: Object.fromEntries(Object.entries(runs).map(([id, run]) => [id, [...publicRun(run)]])) }),
    ...(sets && { sets }),
  };
}

/** The content of a loop file; everything that may not leave the page has been dropped. */
export async function encodeLoopFile(file: LoopFile, gzip = true): Promise<Uint8Array<ArrayBuffer>> {
  const kept = publicLoop(file);
  const bytes = new TextEncoder().encode(JSON.stringify({ ...kept, digest: loopDigest(kept) }));
  return gzip ? compress(bytes, 'gzip') : bytes;
}

/** @throws ShareError and nothing else */
export async function decodeLoopFile(bytes: Uint8Array<ArrayBuffer>): Promise<OpenedLoop> {
  try {
    return openLoopValue(parseJson(await unpacked(bytes)));
  } catch (error) {
    if (error instanceof ShareError) throw error;
    // A gap in our checks, not in the reader's care: it is still told as one card and opens nothing.
    throw new ShareError('invalid', 'It holds something this version cannot read.', 'Reload to update, or ask for the loop again.', error);
  }
}

/** Plain or gzipped bytes, unpacked under the ceiling. @throws ShareError 'damaged', 'too-large' */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await inflate(bytes, 'gzip', loopCeiling) : bytes;
  if (plain.length > loopCeiling)
    throw new ShareError('too-large', `The file is larger than ${loopCeiling / 1e6} MB.`, 'Look at it with the command line.');
  return plain;
}

export const isLoop = (value: unknown): value is Record<string, unknown> => isObject(value) && value.polylogue === 'loop';

/** @param value parsed JSON @throws ShareError */
export function openLoopValue(value: unknown): OpenedLoop {
  if (!isLoop(value)) {
    const run = isObject(value) && value.polylogue === 'run';
    throw new ShareError(
      'not-a-run',
      run ? 'This is the file of a run, not of a loop.' : 'This file is not a Polylogue loop.',
      run ? 'Open it as a run.' : 'Loop files are called loop.json or end in .loop.json.gz.',
    );
  }
  const { schema, digest: claimed } = value;
  if (typeof schema === 'number' && schema > 1)
    throw new ShareError(
      'newer',
      `This file was made by a newer version of Polylogue (schema ${schema}).`,
      'Reload this page to update it.',
    );
  if (schema !== 1) throw new ShareError('invalid', 'The file carries no schema this version knows.', 'It may have been edited by hand.');
  const { file, state } = checkLoop(value);
  const digest = loopDigest(file);
  return { file, state, digest, edited: typeof claimed !== 'string' ? 'unknown' : claimed === digest ? 'intact' : 'edited' };
}
