// The endpoint's state on a disk of this machine, in one folder that one process holds at a time.
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkPath, DiskError, type Bytes, type Disk, type Path } from './disk';
import { takeLock } from './lock-node';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function asDiskError(error: unknown): unknown {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DiskError('full', 'the disk has no room left', error);
  return error;
}

/** So that a rename or a new name survives a power cut too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Windows cannot sync a folder; there a rename is as durable as it gets.
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'EINVAL') throw error;
  } finally {
    await folder.close();
  }
}

const temporary = '~';

/** @throws DiskError `busy` when another process uses this folder */
export async function openNodeDisk(dir: string): Promise<Disk & { readonly dir: string }> {
  const root = resolve(dir);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const release = await takeLock(join(root, 'lock'));
  const at = (path: Path): string => join(root, ...checkPath(path));
  let temporaries = 0;
  /** Appends to one file happen in the order they were asked for. */
  const tails = new Map<string, Promise<void>>();

  async function makeFolder(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first !== undefined) await syncFolder(dirname(first));
  }

  async function put(path: string, flags: 'a' | 'w', bytes: Uint8Array): Promise<void> {
    const file = await open(path, flags, 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async function appendNow(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await put(path, 'a', bytes);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw asDiskError(error);
      await makeFolder(dirname(path));
      await put(path, 'a', bytes);
      await syncFolder(dirname(path));
    }
  }

  return {
    dir: root,
    async read(path) {
      try {
        return (await readFile(at(path))) as Bytes;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    },
    async write(path, bytes) {
      const target = at(path);
      const folder = dirname(target);
      const draft = join(folder, `${temporary}${process.pid}-${++temporaries}`);
      try {
        await makeFolder(folder);
        await put(draft, 'w', bytes);
        await rename(draft, target);
        await syncFolder(folder);
      } catch (error) {
        await rm(draft, { force: true });
        throw asDiskError(error);
      }
    },
    append(path, bytes) {
      const target = at(path);
      const done = (tails.get(target) ?? Promise.resolve()).catch(() => undefined).then(() => appendNow(target, bytes));
      tails.set(target, done);
      const forget = () => void (tails.get(target) === done && tails.delete(target));
      done.then(forget, forget);
      return done;
    },
    async list(path) {
      try {
        const names = await readdir(at(path));
        // Drafts of a process that died while it wrote them.
        await Promise.all(names.filter(name => name.startsWith(temporary)).map(name => rm(join(at(path), name), { force: true })));
        return names.filter(name => !name.startsWith(temporary));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
    async remove(path) {
      await rm(at(path), { recursive: true, force: true });
    },
    async close() {
      await Promise.allSettled(tails.values());
      await release();
    },
  };
}

/** A secret in the folder that nobody else on this machine may read; `make` is asked when there is none. */
export async function secretFile(path: string, make: () => string): Promise<string> {
  try {
    const kept = (await readFile(path, 'utf8')).trim();
    if (kept) return kept;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const made = make();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  return made;
}
