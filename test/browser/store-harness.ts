// A page built from `test/pages/store`, served from its own origin, in a real Chromium whose profile can outlive a killed renderer.
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { build } from 'vite';
import { findChromium } from '../chromium';

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

export interface Site {
  url: string;
  close(): void;
}

/** Builds `test/pages/<name>` with the same bundler as the product and serves it. */
export async function servePage(name: string): Promise<Site> {
  const outDir = mkdtempSync(join(tmpdir(), 'polylogue-page-'));
  await build({
    configFile: false,
    root: resolve(import.meta.dirname, '../pages', name),
    base: './',
    logLevel: 'warn',
    build: { target: 'esnext', outDir, emptyOutDir: true, minify: false },
  });
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const file = join(outDir, path === '/' ? 'index.html' : decodeURIComponent(path));
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end('not found');
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

export interface Browser {
  context: BrowserContext;
  /** Process ids of the browser's own children, or of itself, as the browser names them. */
  processes(type: 'renderer' | 'browser'): Promise<number[]>;
  close(): Promise<void>;
}

export const freshProfile = (): string => mkdtempSync(join(tmpdir(), 'polylogue-chromium-'));

/** @param kept a profile that outlives the browser; without one, a fresh one is used and removed */
export async function launch(kept?: string): Promise<Browser> {
  const profile = kept ?? freshProfile();
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium found; run npm test, which installs one.');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    ignoreDefaultArgs: ['--headless', '--enable-unsafe-swiftshader'],
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const control = await context.browser()?.newBrowserCDPSession();
  return {
    context,
    processes: async type => {
      const { processInfo } = await control!.send('SystemInfo.getProcessInfo');
      return processInfo.filter(process => process.type === type).map(({ id }) => id);
    },
    close: async () => {
      await context.close();
      if (kept === undefined) rmSync(profile, { recursive: true, force: true });
    },
  };
}
