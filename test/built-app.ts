// The app as `npm run build` makes it, once for all journeys.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { root } from './steps';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the built app; to be left as it is. */
    app: string;
  }
}

export default async function builtApp({ provide }: TestProject): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-built-'));
  // Vitest says 'test', and Vite would then build the developer's page: slower code, no offline use.
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: dir, emptyOutDir: true } });
  process.env.NODE_ENV = before;
  provide('app', dir);
  return () => rmSync(dir, { recursive: true, force: true });
}
