import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { collectSets } from '../datasets/collect';
import { readFile } from '../datasets/formats/formats';
import { datasetDefaults } from '../datasets/records';
import { decodeSets } from '../datasets/sets-file';
import { openRunFile } from '../share/file';
import { sets } from './sets';

const run = resolve(import.meta.dirname, '../../public/runs/batch.run.json');
const dir = mkdtempSync(join(tmpdir(), 'polylogue-sets-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  for (const stream of ['log', 'error'] as const)
    vi.spyOn(console, stream).mockImplementation((text: unknown) => void said.push(String(text)));
});
afterEach(() => vi.restoreAllMocks());

describe('npm run cli -- sets', () => {
  test('writes the sets of a run, and rows a trainer reads', async () => {
    const { state } = await openRunFile(new Uint8Array(readFileSync(run)));
    const selection = { by: 'cross-agent', ownShare: 0.5 } as const;
    const meant = await collectSets(state, { ...datasetDefaults, criticSize: 'all', selection, seed: 3 }, { iteration: 1 });
    const out = join(dir, 'cross');
    const options = ['--critic-size', 'all', '--selection', 'cross-agent', '--beta', '1/2', '--seed', '3', '--format', 'prompt-completion'];
    await sets(['--run', run, '--out', out, ...options]);
    expect(decodeSets(readFileSync(join(out, 'sets.json'), 'utf8'))).toEqual(meant);
    const first = meant.find(({ header }) => header.size > 0 && header.role === 'generator')!;
    const name = `generator_${first.header.agent + 1}`;
    const read = readFile(readFileSync(join(out, name, 'train.jsonl'), 'utf8'));
    expect([read.format?.id, read.rows.length, read.problems]).toEqual(['prompt-completion', first.header.size, []]);
    expect(said.join('\n')).toContain('50 % own rows');
    expect(said.join('\n')).toMatch(new RegExp(`^${name}\\s+${first.header.size}\\b`, 'm'));
  });

  test.each([
    [[], /--run names the run/],
    [['--run', 'nowhere.run.json'], /cannot read a run from nowhere/],
    [['--run', run, '--format', 'csv'], /takes chat, prompt-completion, preference, sharegpt/],
    [['--run', run, '--w', '2'], /a share from 0 to 1/],
    [['--run', run, '--min-votes', '2'], /--help lists the options/],
  ])('%j is refused in words', async (args, message) => {
    await expect(sets(args)).rejects.toThrow(message);
  });

  test('what is no run is refused', async () => {
    const other = join(dir, 'other.json');
    writeFileSync(other, '{"a":1}');
    await expect(sets(['--run', other])).rejects.toThrow(/not a Polylogue run/);
  });
});
