// Writes `sw.js` at the end of a build: the list of all files with their hashes, then the service worker itself.
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { transformWithOxc, type Plugin } from 'vite';

/** Fetched in the background on the first visit; larger files and models are kept only once somebody used them. */
const smallFile = 1_000_000;

/** Fonts come in subsets by script; a first visit needs the Latin one. */
const isRareFont = (path: string): boolean => path.endsWith('.woff2') && !/-latin-(?!ext)/.test(path);

/** What stands behind a recorded loop: its debates, its sets, and its controls. The loop itself is what its screen opens on. */
const isEvidence = (path: string): boolean => /^runs\/[^/]+\/(?:runs|sets)\/|^runs\/[^/]+-[^/]+\//.test(path);

/** Says what the server of the page does, and one that trains answers in its place with a token: never kept. */
const serverSays = 'endpoint.json';

export interface FileList {
  now: Record<string, string>;
  used: Record<string, string>;
}

/** @param folder the built site */
export async function listFiles(folder: string): Promise<FileList> {
  const list: FileList = { now: {}, used: {} };
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => relative(folder, join(entry.parentPath, entry.name)));
  for (const path of paths.sort()) {
    const name = path.split(sep).join('/');
    if (name === 'sw.js' || name === serverSays || name.endsWith('.map')) continue;
    const bytes = await readFile(join(folder, path));
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const later = bytes.length > smallFile || name.startsWith('models/') || isRareFont(name) || isEvidence(name);
    list[later ? 'used' : 'now'][name] = hash;
  }
  return list;
}

export function offline(): Plugin {
  let folder = '';
  return {
    name: 'polylogue-offline',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async writeBundle() {
      const source = await readFile(new URL('./sw.ts', import.meta.url), 'utf8');
      const { code } = await transformWithOxc(source, 'sw.ts');
      const script = code.replace(/export\s*\{\s*\};?\s*$/, '');
      await writeFile(join(folder, 'sw.js'), `const FILES = ${JSON.stringify(await listFiles(folder))};\n${script}`);
    },
  };
}
