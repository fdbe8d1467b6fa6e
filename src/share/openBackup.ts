// An archive that `backup.ts` made, or a stranger did: its parts, each checked, a few at a time.
import { unzipSync } from 'fflate';
import { manifestName, type Kept } from './backup';
import { checkEvents } from './check';
import { checkLoop, checkLoopSet, isObject } from './checkLoop';
import { ShareError } from './errors';
import { parseJson } from './json';

/** What an archive holds: each part checked like a file from a stranger, or why it cannot be taken. */
export type Found = Kept | { kind: 'invalid'; name: string; reason: string };

/** Bytes: the archive, and all its parts unpacked. Read some at a time, so that they are never held together. */
export const backupLimits: { archive: number; total: number; part: number; parts: number } = {
  archive: 1_000_000_000,
  total: 4_000_000_000,
  part: 256_000_000,
  parts: 20_000,
};
const readTogether = 64_000_000;

const damaged = (message: string, cause?: unknown) => new ShareError('damaged', message, 'Ask for it again, or make it again.', cause);
const large = (message: string) => new ShareError('too-large', message, 'Export what matters one by one instead.');
const invalid = (message: string) => new ShareError('invalid', message, 'It may have been edited by hand.');

interface Entry {
  name: string;
  kind: Kept['kind'] | 'unreadable';
  bytes: number;
}

/** Names and sizes; nothing is unpacked but the manifest. @throws ShareError */
function entriesOf(archive: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  let total = 0;
  let manifest: Uint8Array | undefined;
  try {
    manifest = unzipSync(archive, {
      filter: ({ name, originalSize }) => {
        if (name === manifestName) return originalSize < 100_000;
        const [, folder] = /^(runs|loops|sets|unreadable)\/\d{1,8}\.jsonl?$/.exec(name) ?? [];
        if (folder === undefined) return false;
        total += originalSize;
        if (originalSize > backupLimits.part || total > backupLimits.total || entries.length >= backupLimits.parts)
          throw large('It holds more than is opened here.');
        entries.push({ name, kind: folder === 'unreadable' ? folder : (folder.slice(0, -1) as Kept['kind']), bytes: originalSize });
        return false;
      },
    })[manifestName];
  } catch (error) {
    if (error instanceof ShareError) throw error;
    throw damaged('It is no archive, or a part of it is missing.', error);
  }
  const about = manifest ? parseJson(manifest) : null;
  if (!isObject(about) || about.polylogue !== 'backup')
    throw new ShareError('not-a-run', 'This archive is no backup of Polylogue.', 'Backups are made on the Runs screen.');
  if (typeof about.schema === 'number' && about.schema > 1)
    throw new ShareError('newer', `This backup was made by a newer version of Polylogue (schema ${about.schema}).`, 'Reload to update.');
  if (about.schema !== 1) throw invalid('The backup carries no schema this version knows.');
  return entries;
}

function partOf(kind: Kept['kind'], bytes: Uint8Array): Kept {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw damaged('Its text was changed on the way.', error);
  }
  const lines = text.split('\n').filter(line => line !== '');
  const values = lines.map(line => parseJson(line));
  if (kind === 'run') return { kind, events: checkEvents(values).events };
  const events: unknown[] = [];
  const runs = new Map<string, unknown[]>();
  const sets: { header: unknown; rows: unknown[] }[] = [];
  for (const value of values) {
    if (!isObject(value)) throw invalid('A line of it is no record.');
    if ('set' in value) sets.push({ header: value.set, rows: [] });
    else if ('row' in value) {
      const set = sets.at(-1);
      if (!set) throw invalid('A row stands before its set.');
      set.rows.push(value.row);
    } else if ('loop' in value) events.push(value.loop);
    else if (typeof value.run === 'string') {
      const own = runs.get(value.run) ?? [];
      own.push(value.event);
      runs.set(value.run, own);
    } else throw invalid('A line of it is of no known kind.');
  }
  const named = sets.map(set => [isObject(set.header) ? String(set.header.sha256) : '', set] as const);
  if (kind === 'set') {
    const [first, ...more] = named;
    if (!first || more.length > 0) throw invalid('It is not one set.');
    return { kind, set: checkLoopSet(first[0], first[1]) };
  }
  return { kind, file: checkLoop({ events, runs: Object.fromEntries(runs), sets: Object.fromEntries(named) }).file };
}

function* opened(entries: readonly Entry[], files: Record<string, Uint8Array>): Generator<Found> {
  for (const { name, kind } of entries) {
    const bytes = files[name];
    try {
      if (!bytes) throw damaged('It is missing.');
      if (kind === 'unreadable')
        throw new ShareError('newer', 'It was damaged, or of a newer version, when the backup was made.', 'Open the archive by hand.');
      yield partOf(kind, bytes);
    } catch (error) {
      if (error instanceof ShareError) yield { kind: 'invalid', name, reason: `${error.message} ${error.hint}` };
      // A gap in our checks is told like any other part that cannot be taken.
      else yield { kind: 'invalid', name, reason: 'It holds something this version cannot read.' };
    }
  }
}

/** Everything in an archive, unpacked some at a time. @throws ShareError when it is no backup at all */
export function* openBackup(archive: Uint8Array): Generator<Found> {
  if (archive.length > backupLimits.archive) throw large('The archive is larger than 1 GB.');
  const entries = entriesOf(archive);
  for (let at = 0; at < entries.length;) {
    const together: Entry[] = [];
    let bytes = 0;
    while (at < entries.length && (together.length === 0 || bytes + entries[at]!.bytes <= readTogether)) {
      bytes += entries[at]!.bytes;
      together.push(entries[at++]!);
    }
    const names = new Set(together.map(({ name }) => name));
    let files: Record<string, Uint8Array> = {};
    try {
      files = unzipSync(archive, { filter: ({ name }) => names.has(name) });
    } catch {
      // One broken part must not take the others down: each is unpacked alone, and the broken one is told as missing.
      for (const name of names)
        try {
          Object.assign(files, unzipSync(archive, { filter: file => file.name === name }));
        } catch {
          continue;
        }
    }
    yield* opened(together, files);
  }
}

/** The first bytes of every zip. */
export const isArchive = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;
