// A run as a file: `.run.json`, or gzipped as `.run.json.gz`.
import type { RunEvent } from '../debate/events';
import { abridge } from './abridge';
import { compress, inflate } from './bytes';
import { checkEvents } from './check';
import { digestOf } from './digest';
import type { Levers } from './encodeLink';
import { ShareError } from './errors';
import { parseJson } from './json';
import { describeOpened, type OpenedRun } from './opened';
import { publicRun } from './publicRun';

/** Bytes, unpacked: some 20,000 turns of the built-in model. A page that holds more gets slow before it gets useful. */
export const fileCeiling = 64_000_000;

/**
 * The content of a run file; everything that may not leave the page has been dropped.
 * @param text 'answers' leaves the reasoning out, and the file says so
 */
export async function encodeRunFile(events: readonly RunEvent[], gzip = false, text: Levers['text'] = 'full'): Promise<Blob> {
  const kept = publicRun(text === 'full' ? events : abridge(events));
  const short = text === 'full' ? {} : { text };
  const json = JSON.stringify({ polylogue: 'run', schema: 1, ...short, digest: digestOf(kept), events: kept });
  if (!gzip) return new Blob([json], { type: 'application/json' });
  return new Blob([await compress(new TextEncoder().encode(json), 'gzip')], { type: 'application/gzip' });
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** @throws ShareError */
export async function openRunFile(bytes: Uint8Array<ArrayBuffer>): Promise<OpenedRun> {
  const plain = isGzip(bytes) ? await inflate(bytes, 'gzip', fileCeiling) : bytes;
  if (plain.length > fileCeiling) {
    throw new ShareError(
      'too-large',
      `The file is larger than ${fileCeiling / 1e6} MB.`,
      'Split the run, or look at it with the command line.',
    );
  }
  const value = parseJson(plain);
  if (typeof value !== 'object' || value === null || !('polylogue' in value) || value.polylogue !== 'run') {
    throw new ShareError('not-a-run', 'This file is not a Polylogue run.', 'Run files end in .run.json or .run.json.gz.');
  }
  const { schema, events, digest, text } = value as { schema?: unknown; events?: unknown; digest?: unknown; text?: unknown };
  if (typeof schema === 'number' && schema > 1) {
    throw new ShareError(
      'newer',
      `This file was made by a newer version of Polylogue (schema ${schema}).`,
      'Reload this page to update it.',
    );
  }
  if (schema !== 1) throw new ShareError('invalid', 'The file carries no schema this version knows.', 'It may have been edited by hand.');
  const checked = checkEvents(events);
  return describeOpened('file', checked.events, checked.state, {
    claimed: typeof digest === 'string' ? digest : null,
    abridged: text === 'answers',
  });
}
