// The disks by their laws, and what holds only on a real one: one process per folder, secrets for one user, nothing half written.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNodeDisk, secretFile } from './disk-node';
import { brokenLaws } from './fixtures/disk-laws';
import { memoryDisk, type MemoryDisk } from './fixtures/memory-disk';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'polylogue-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the disk of the tests keeps the laws', async () => {
  expect(await brokenLaws(memoryDisk(), async disk => memoryDisk((disk as MemoryDisk).stored))).toEqual([]);
});

describe('the disk of this machine', () => {
  test('keeps the laws', async () => {
    const reopen = async (disk: { close(): Promise<void> }) => {
      await disk.close();
      return openNodeDisk(dir);
    };
    expect(await brokenLaws(await openNodeDisk(dir), reopen)).toEqual([]);
  });

  test('is held by one process', async () => {
    const disk = await openNodeDisk(dir);
    await expect(openNodeDisk(dir)).rejects.toMatchObject({ code: 'busy' });
    await disk.close();
    await (await openNodeDisk(dir)).close();
  });

  test('a lock of a process that is gone, or whose number another has now, is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (const stale of [`${pid} 123\n`, `${process.pid} 1\n`, '', 'nonsense\n']) {
      await writeFile(join(dir, 'lock'), stale);
      const disk = await openNodeDisk(dir);
      expect(await readFile(join(dir, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
      await disk.close();
    }
    expect(await readdir(dir)).toEqual([]);
  });

  test('two that find a stale lock at once do not both get it', async () => {
    await writeFile(join(dir, 'lock'), '999999999 1\n');
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openNodeDisk(dir)));
    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('drafts of a dead process are no files', async () => {
    const disk = await openNodeDisk(dir);
    await disk.write(['jobs', 'a'], new Uint8Array(3));
    await writeFile(join(dir, 'jobs', '~1-1'), 'half');
    expect(await disk.list(['jobs'])).toEqual(['a']);
    expect(await readdir(join(dir, 'jobs'))).toEqual(['a']);
    await disk.close();
  });

  test('files are for their user alone', async () => {
    const disk = await openNodeDisk(dir);
    await disk.write(['jobs', 'a'], new Uint8Array(3));
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(join(dir, 'jobs', 'a'))).toBe('600');
    expect(await modeOf(join(dir, 'jobs'))).toBe('700');
    expect(await secretFile(join(dir, 'token'), () => 'made')).toBe('made');
    expect(await secretFile(join(dir, 'token'), () => 'again')).toBe('made');
    expect(await modeOf(join(dir, 'token'))).toBe('600');
    await disk.close();
  });
});
