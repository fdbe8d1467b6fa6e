// One process per data folder: a lock file that names its holder, so that one left behind by `kill -9` is seen to be stale.
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DiskError } from './disk';

/** When a process began, as the kernel counts it: a process id alone may have been given to another since. Null where there is no /proc. */
export async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets itself; the start is the 22nd field, the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isHeld(text: string): Promise<boolean> {
  const [pid, start] = text.trim().split(' ');
  if (!Number.isInteger(Number(pid)) || Number(pid) <= 0 || !isRunning(Number(pid))) return false;
  const now = await startOf(Number(pid));
  return now === null || start === undefined || start === '-' || start === now;
}

async function putPlainly(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** The lock appears with its text in it: nobody can read it half written and think it stale. @returns false when there is one already */
async function put(path: string, text: string): Promise<boolean> {
  const draft = `${path}-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, text, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some disks (exFAT) know no second name for a file.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return await putPlainly(path, text);
    if (code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * @returns what gives the lock back
 * @throws DiskError `busy` when a living process holds it
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${(await startOf(process.pid)) ?? '-'}\n`;
  for (let tries = 0; tries < 5; tries++) {
    if (await put(path, mine))
      return async () => {
        if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true });
      };
    const seen = await readFile(path, 'utf8').catch(() => null);
    if (seen === null) continue; // given back just now
    if (await isHeld(seen)) throw new DiskError('busy', `${path} is held by process ${seen.trim().split(' ')[0]}`);
    // Moved away, not deleted: should two processes find it stale at once, only what was judged is taken.
    const aside = `${path}-stale-${process.pid}-${tries}`;
    try {
      await rename(path, aside);
    } catch {
      continue;
    }
    const taken = await readFile(aside, 'utf8');
    if (taken !== seen) await put(path, taken);
    await rm(aside, { force: true });
  }
  throw new DiskError('busy', `${path} is being taken by another process`);
}
