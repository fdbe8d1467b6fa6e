import { strToU8, unzipSync, zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import { blankDisk, loopConfigOf, sit } from '../experiment/loop.fixture';
import type { LoopFile } from '../experiment/records';
import { seededRandom } from '../tasks/arithmetic/random';
import { BackupWriter, type Kept } from './backup';
import { ShareError } from './errors';
import { mutateBytes, mutateJson, mutateText } from './mutations.fixture';
import { backupLimits, isArchive, openBackup, type Found } from './openBackup';

const { events } = fixtureRun();
let loop: Required<LoopFile>;
let kept: Kept[];
let archive: Uint8Array;

beforeAll(async () => {
  const disk = blankDisk();
  await sit({ disk }, loopConfigOf({ iterations: 1 }));
  loop = { polylogue: 'loop', schema: 1, events: disk.events, runs: Object.fromEntries(disk.runs), sets: Object.fromEntries(disk.sets) };
  kept = [
    { kind: 'run', events },
    { kind: 'loop', file: loop },
    { kind: 'set', set: Object.values(loop.sets)[0]! },
  ];
  archive = await written(kept);
});

async function written(parts: readonly Kept[], unreadable: object[] = []): Promise<Uint8Array> {
  const writer = new BackupWriter();
  for (const part of parts) writer.add(part);
  for (const stored of unreadable) writer.addUnreadable(stored);
  return new Uint8Array(await writer.end('2026-11-21T06:30:00.000Z', 'polylogue test').arrayBuffer());
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
/** The same archive with one part changed. */
function changed(name: RegExp, change: (text: string) => string | Uint8Array): Uint8Array {
  const files = unzipSync(archive);
  for (const [path, bytes] of Object.entries(files))
    if (name.test(path)) {
      const next = change(new TextDecoder().decode(bytes));
      files[path] = typeof next === 'string' ? strToU8(next) : new Uint8Array(next);
    }
  return zipSync(files);
}
const verdicts = (bytes: Uint8Array): string[] => [...openBackup(bytes)].map(found => found.kind);
const codeOf = (bytes: Uint8Array): string => {
  try {
    return verdicts(bytes).join();
  } catch (error) {
    if (error instanceof ShareError) return error.code;
    throw error;
  }
};

describe('a backup', () => {
  it('brings everything back as it was', async () => {
    expect(isArchive(archive)).toBe(true);
    expect(plain([...openBackup(archive)])).toEqual(plain(kept));
  });

  it('is JSON lines that a person can read', () => {
    const files = unzipSync(archive);
    expect(Object.keys(files).sort()).toEqual(['loops/00001.jsonl', 'polylogue.json', 'runs/00001.jsonl', 'sets/00001.jsonl']);
    const lines = new TextDecoder().decode(files['runs/00001.jsonl']).trimEnd().split('\n');
    expect(lines.map(line => JSON.parse(line) as unknown)).toEqual(plain(events));
    expect(JSON.parse(new TextDecoder().decode(files['polylogue.json']))).toEqual({
      polylogue: 'backup',
      schema: 1,
      at: '2026-11-21T06:30:00.000Z',
      app: 'polylogue test',
      holds: { runs: 1, loops: 1, sets: 1 },
    });
  });

  it('lets nothing leave that grants access', async () => {
    const secret = 'sk-canary0123456789abcdef';
    const told = { type: 'note' as const, at: '2026-11-21T06:30:00.000Z', note: 'paused' as const, text: `Bearer ${secret}` };
    const bytes = await written([{ kind: 'run', events: [...events, told] }]);
    expect(new TextDecoder().decode(unzipSync(bytes)['runs/00001.jsonl'])).not.toContain(secret);
  });

  it('tells which part cannot be taken, and takes the others', async () => {
    const cut = changed(/^runs/, text => text.slice(0, text.length / 2));
    expect(verdicts(cut)).toEqual(['invalid', 'loop', 'set']);
    const rows = changed(/^sets/, text => text.replace('boxed{7}', 'boxed{8}'));
    expect(verdicts(rows)).toEqual(['run', 'loop', 'invalid']);
    const kinds = verdicts(await written(kept.slice(0, 1), [{ schema: 9, events: [] }]));
    expect(kinds).toEqual(['run', 'invalid']);
  });

  it('is not any other archive, and not a newer one', () => {
    expect(codeOf(zipSync({ 'a.txt': strToU8('x') }))).toBe('not-a-run');
    expect(codeOf(strToU8('PK no archive'))).toBe('damaged');
    expect(codeOf(changed(/^polylogue/, text => text.replace('"schema":1', '"schema":2')))).toBe('newer');
  });

  it('is refused when it unpacks to too much, before it does', () => {
    const before = { ...backupLimits };
    Object.assign(backupLimits, { total: 1000 });
    try {
      expect(codeOf(archive)).toBe('too-large');
    } finally {
      Object.assign(backupLimits, before);
    }
  });

  it('from a stranger ends in clean parts or clear words: 600 mutations', { timeout: 200_000 }, () => {
    const random = seededRandom('hostile backup');
    const line = (text: string, change: (one: string) => string): string => {
      const lines = text.split('\n');
      const at = Math.floor(random() * (lines.length - 1));
      return [...lines.slice(0, at), change(lines[at]!), ...lines.slice(at + 1)].join('\n');
    };
    const tally: Record<string, number> = {};
    const look = (what: string, bytes: Uint8Array): void => {
      let said: string;
      try {
        const found: Found[] = [...openBackup(bytes)];
        for (const part of found) if (part.kind === 'invalid') expect(part.reason).not.toBe('');
        said = found.some(({ kind }) => kind === 'invalid') ? 'partly' : 'opened';
      } catch (error) {
        if (!(error instanceof ShareError)) throw error;
        said = error.code;
      }
      tally[`${what}: ${said}`] = (tally[`${what}: ${said}`] ?? 0) + 1;
    };
    for (let i = 0; i < 150; i++) look('bytes', mutateBytes(archive, random));
    for (let i = 0; i < 150; i++)
      look(
        'text',
        changed(/^runs/, text => mutateText(text, random)),
      );
    for (let i = 0; i < 200; i++)
      look(
        'fields',
        changed([/^runs/, /^loops/, /^sets/][i % 3]!, text => line(text, one => mutateJson(one, random))),
      );
    for (let i = 0; i < 100; i++)
      look(
        'manifest',
        changed(/^polylogue/, text => mutateJson(text, random)),
      );
    for (const reached of ['bytes: damaged', 'text: partly', 'fields: partly', 'fields: opened', 'manifest: not-a-run', 'manifest: opened'])
      expect(Object.keys(tally)).toContain(reached);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
