// A real Chromium with a fresh profile: no cache, no storage.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { CliError } from '../errors';

const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Flags with which a Chromium without a window uses the machine's graphics card for WebGPU; on Linux it does so through Vulkan only. */
export const ON_CARD = [
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
  '--disable-gpu-sandbox',
  ...(process.platform === 'linux'
    ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface', '--enable-dawn-features=vulkan_enable_f16_on_nvidia']
    : []),
];

/** @param card uses the graphics card @throws CliError when there is no Chromium */
export async function withChromium<T>(use: (context: BrowserContext) => Promise<T>, { card = false } = {}): Promise<T> {
  const { chromium } = await import('playwright-core');
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', chromium.executablePath()].find(path => path && existsSync(path));
  if (!executablePath)
    throw new CliError('No Chromium found. Install one (Debian: apt-get install chromium), or set CHROMIUM to its path.', 1);
  const profile = mkdtempSync(join(tmpdir(), 'polylogue-bench-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    ignoreDefaultArgs: ['--headless'],
    args: ['--headless=new', '--no-sandbox', ...quiet, ...(card ? ON_CARD : [])],
  });
  try {
    return await use(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
