// Files that are there after a power cut, and whole: content first, then its name.
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a new or a changed name of a folder durable. Windows keeps no folders open and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Replaces a file in one step: whoever opens it, at whatever moment, finds the old content or the new one. Resolves once it is on disk. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const part = await open(`${path}.part`, 'w');
  try {
    await part.writeFile(content);
    await part.sync();
  } finally {
    await part.close();
  }
  await rename(`${path}.part`, path);
  await syncFolder(dirname(path));
}
