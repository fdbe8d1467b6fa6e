// Runs the engine's measurements in a worker of a real Chromium, on wasm or on its graphics card.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import type { Bench } from '../../models/bench/page/main';
import type { WebBenchRequest } from '../../models/bench/page/bench.worker';
import type { EngineBench } from '../../models/bench/suite';
import { serve } from '../serve';
import { withChromium } from './chromium';

/** @param models folder that holds the model's folder; it is served beside the page */
export async function benchInPage(root: string, models: string, request: Omit<WebBenchRequest, 'models'>): Promise<EngineBench> {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-bench-page-'));
  const page = await build({
    configFile: false,
    root: resolve(root, 'src/models/bench/page'),
    base: './',
    publicDir: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { target: 'esnext', outDir: join(dir, 'site'), emptyOutDir: true, chunkSizeWarningLimit: 5000 },
  }).then(() => serve({ dir: join(dir, 'site'), port: 0, beside: { '/models': models } }));
  try {
    return await withChromium(
      async context => {
        const tab = await context.newPage();
        await tab.goto(page.url);
        await tab.waitForFunction(() => 'bench' in globalThis);
        const answer = await tab.evaluate(([url, rest]) => (globalThis as unknown as { bench: Bench }).bench({ ...rest, models: url }), [
          new URL('models/', page.url).href,
          request,
        ] as const);
        if ('failed' in answer) throw new Error(`the measurement in the page failed: ${answer.failed}`);
        return answer.result;
      },
      { card: request.device === 'webgpu' },
    );
  } finally {
    await page.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
