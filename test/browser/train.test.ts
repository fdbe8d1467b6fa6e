// The trainer in a real page, in a worker: on wasm and on WebGPU it computes what torch does.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { TrainApi } from '../pages/train/main';
import { root } from '../steps';
import { buildPage, launch, serveFolder, type Site } from './harness';

declare const training: TrainApi;

const reference = resolve(root, 'src/onnx/train/reference/torch.json');
const torch = (JSON.parse(readFileSync(reference, 'utf8')) as { cases: Record<string, { losses: number[]; norms: number[] }> }).cases;

let built: { dir: string; remove(): void };
let site: Site;
beforeAll(async () => {
  built = await buildPage('train');
  site = await serveFolder(built.dir);
});
afterAll(async () => {
  await site?.close();
  built?.remove();
});

// Shaders are compiled by a software adapter for every session: on WebGPU one family per mode.
it.each([
  ['wasm', Object.keys(torch), 4],
  ['webgpu', ['llama, full', 'qwen3, lora'], 2],
] as const)('%s: steps, summed steps and evaluation', { timeout: 400_000 }, async (device, names, steps) => {
  const browser = await launch({ webgpu: device === 'webgpu' });
  try {
    const page = await browser.open(site.url);
    const results = await page.evaluate(order => training.run(order), { device, names: [...names], steps });
    expect(Object.keys(results)).toEqual(names);
    for (const [name, { losses, norms, sums, evaluated }] of Object.entries(results as Exclude<typeof results, { failed: string }>)) {
      const want = torch[name]!;
      const off = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
      expect([losses.length, norms.length, sums.length]).toEqual([steps, steps, steps]);
      expect(off(losses, want.losses), name).toBeLessThan(1e-4);
      expect(off(sums, want.losses), name).toBeLessThan(1e-4);
      expect(off(norms, want.norms), name).toBeLessThan(1e-3);
      expect(evaluated.every(Number.isFinite), name).toBe(true);
      if (name.endsWith('lora')) expect(Math.abs(evaluated[0]! - evaluated[1]!)).toBeGreaterThan(0.01);
    }
    expect(browser.errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
