// The engine in a real page: worker, wasm and WebGPU, cancel, death, a hub that is a local server.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { EngineRow } from '../../src/models/engine';
import { tinyModel } from '../../src/models/fixtures/tiny-model';
import type { EngineApi } from '../pages/engine/main';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

declare const engine: EngineApi;

const rowsOf = (count: number, maxNewTokens = 24): EngineRow[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `row ${i}`,
    messages: [{ role: 'user', content: `${'what is '.repeat(i % 4)}${i} + ${i * 3}?` }],
    adapter: null,
    sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0, maxNewTokens },
    draw: { seed: 7, qid: `q${i}`, agent: i % 3, role: 'generator', round: 1, attempt: 0 },
  }));

let built: { dir: string; remove(): void };
let site: Site;

beforeAll(async () => {
  built = await buildPage('engine');
  for (const [path, bytes] of tinyModel()) {
    const file = join(built.dir, 'models/tiny', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  site = await serveFolder(built.dir);
});
afterAll(async () => {
  await site?.close();
  built?.remove();
});

const builtin = { kind: 'builtin', id: 'tiny' } as const;
const textsOf = (spoken: Awaited<ReturnType<EngineApi['speak']>>) => Object.fromEntries(spoken.outputs.map(o => [o.id, o.text]));

describe.each(['wasm', 'webgpu'] as const)('engine on %s', device => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch({ webgpu: device === 'webgpu' });
    page = await browser.open(site.url);
  });
  afterAll(() => browser?.close());

  it('loads, tells its phases and speaks the same text alone and in company', async () => {
    const loaded = await page.evaluate(([d, ref]) => engine.load('e', ref, { device: d }), [device, builtin] as const);
    expect(loaded).toMatchObject({ facts: { device, dtype: 'fp32' } });
    const phases = await page.evaluate(() => [...new Set(engine.progress.map(p => p.phase))]);
    expect(phases).toEqual(['check-device', 'download', 'compile', 'warm-up', 'self-check']);
    const rows = rowsOf(7);
    const together = textsOf(await page.evaluate(r => engine.speak('e', r), rows));
    expect(Object.keys(together)).toHaveLength(7);
    const apart: Record<string, string> = {};
    for (const row of [rows[5]!, rows[0]!, rows[2]!]) Object.assign(apart, textsOf(await page.evaluate(r => engine.speak('e', [r]), row)));
    for (const [id, text] of Object.entries(apart)) expect(together[id]).toBe(text);
  });

  it('asks no other origin for anything', () => expect(browser.foreign).toEqual([]));
  it('raises no error', () => expect(browser.errors).toEqual([]));
});
