// What a journey needs: a built page, a server for it, a real Chromium, and a record of every request that went elsewhere.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { build, type PluginOption } from 'vite';
import { inject } from 'vitest';

import { ON_CARD } from '../../src/cli/bench/chromium';
import { findChromium } from '../chromium';
import { root } from '../steps';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

export interface ServeOptions {
  /** Sends the headers that make a page cross-origin isolated: threads in wasm. */
  isolate?: boolean;
  /** Answers first; returns true when it did. */
  handle?(request: IncomingMessage, response: ServerResponse): boolean | Promise<boolean>;
}

export interface Site {
  url: string;
  close(): Promise<void>;
}

/** Serves a folder on a free port of this machine. */
export function serveFolder(dir: string, { isolate = false, handle }: ServeOptions = {}): Promise<Site> {
  const server = createServer(async (request, response) => {
    if (isolate) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if (await handle?.(request, response)) return;
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname);
    const file = join(dir, normalize(path.endsWith('/') ? `${path}index.html` : path));
    try {
      const { size } = statSync(file);
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      response.setHeader('content-length', size);
      response.end(request.method === 'HEAD' ? undefined : readFileSync(file));
    } catch {
      response.statusCode = 404;
      response.end('not found');
    }
  });
  return new Promise(done =>
    server.listen(0, '127.0.0.1', () =>
      done({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        close: () =>
          new Promise(closed => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      }),
    ),
  );
}

/** Builds a page of `test/pages` into a folder of its own. @returns the folder and how to remove it */
export async function buildPage(name: string, plugins: PluginOption[] = []): Promise<{ dir: string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-page-'));
  await build({
    configFile: false,
    root: resolve(root, 'test/pages', name),
    base: './',
    logLevel: 'error',
    worker: { format: 'es' },
    plugins,
    build: { target: 'esnext', assetsInlineLimit: 0, outDir: dir, emptyOutDir: true, minify: false, chunkSizeWarningLimit: 5000 },
  });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A copy of the built app (`test/built-app.ts`) that a test may change. @returns its folder and how to remove it; the page lies under `sub/path/`, since any path must do */
export function copyApp(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-app-'));
  cpSync(inject('app'), join(dir, 'sub/path'), { recursive: true });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface Browser {
  context: BrowserContext;
  /** A page whose errors fail the test that asks for them. */
  open(url: string): Promise<Page>;
  /** Requests to any other origin than the pages'. */
  foreign: string[];
  /** Uncaught errors of all pages. */
  errors: string[];
  close(): Promise<void>;
}

const webgpuFlags = {
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  card: ON_CARD,
};

/** A fresh profile each time: no cache, no storage. @param options.webgpu true = a software adapter, which every machine has */
export async function launch({ webgpu = false }: { webgpu?: boolean | keyof typeof webgpuFlags } = {}): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || findChromium();
  if (!executablePath) throw new Error('there is no Chromium; npm test installs one');
  const profile = mkdtempSync(join(tmpdir(), 'polylogue-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
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
      ...(webgpu ? webgpuFlags[webgpu === true ? 'software' : webgpu] : []),
    ],
  });
  const origins = new Set<string>();
  const foreign: string[] = [];
  const errors: string[] = [];
  context.on('request', request => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && !origins.has(url.origin)) foreign.push(request.url());
  });
  return {
    context,
    foreign,
    errors,
    async open(url) {
      origins.add(new URL(url).origin);
      const page = await context.newPage();
      page.on('pageerror', error => errors.push(String(error)));
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
