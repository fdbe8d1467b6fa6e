// What only a graphics card can show: its shaders compute what the processor does, in floats and in halves, for debates and for training.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { EngineRow } from '../../src/models/engine';
import { randomAdapter } from '../../src/onnx/fixtures/adapters';
import { numericCases, type CaseResult } from '../../src/onnx/fixtures/cases';
import { modelFolder } from '../../src/onnx/fixtures/folder';
import { tinyConfig } from '../../src/onnx/fixtures/weights';
import { writeAdapter } from '../../src/onnx/peft';
import { buildPage, launch, serveFolder, type Browser, type Site } from '../browser/harness';
import type { EngineApi } from '../pages/engine/main';
import type { TrainApi } from '../pages/train/main';
import { root } from '../steps';

declare const engine: EngineApi;
declare const training: TrainApi;

let pages: { dir: string; remove(): void }[];
let sites: Site[];
let browser: Browser;
let page: Page;

beforeAll(async () => {
  pages = [await buildPage('engine'), await buildPage('train')];
  const models = join(pages[0]!.dir, 'models');
  for (const form of ['fp16', 'int4, halves'] as const) {
    const file = form === 'fp16' ? 'model_fp16.onnx' : 'model_q4f16.onnx';
    for (const [path, content] of modelFolder(tinyConfig, { files: { [file]: form } })) {
      const at = join(models, form === 'fp16' ? 'fp16' : 'q4f16', path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
  }
  cpSync(join(root, 'public/models/abacus'), join(models, 'abacus'), { recursive: true });
  sites = await Promise.all(pages.map(({ dir }) => serveFolder(dir)));
  browser = await launch({ webgpu: 'card' });
  page = await browser.open(sites[0]!.url);
});
afterAll(async () => {
  await browser?.close();
  for (const site of sites ?? []) await site.close();
  for (const built of pages ?? []) built.remove();
});

const question = (i: number) => `What is ${3 + i}+${2 + (i % 9)}*${4 + (i % 7)}+${5 + i}-${3 + (i % 5)}*${2 + (i % 8)}?`;
const rowsOf = (count: number, temperature = 1): EngineRow[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `row ${i}`,
    messages: [{ role: 'user', content: question(i) }],
    adapter: null,
    sampling: { temperature, topK: 0, topP: 0.95, minP: 0, maxNewTokens: 48 },
    draw: { seed: 7, qid: `q${i}`, agent: i % 3, role: 'generator', round: 1, attempt: 0 },
  }));
const load = (name: string, id: string, device: 'wasm' | 'webgpu') =>
  page.evaluate(([n, i, d]) => engine.load(n, { kind: 'builtin', id: i }, { device: d }), [name, id, device] as const);
const textsOf = async (name: string, rows: EngineRow[]) =>
  Object.fromEntries((await page.evaluate(([n, r]) => engine.speak(n, r), [name, rows] as const)).outputs.map(o => [o.id, o.text]));

it('is a card, no software', async () => {
  const info = await page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) return null;
    const { vendor, architecture, description, subgroupMinSize } = adapter.info as GPUAdapterInfo & { subgroupMinSize?: number };
    return { vendor, architecture, description, subgroupMinSize, features: [...adapter.features] };
  });
  console.log(JSON.stringify(info));
  expect(info).not.toBeNull();
  expect(info!.architecture).not.toMatch(/swiftshader|llvmpipe/);
  expect(info!.features).toContain('shader-f16');
});

describe('rows with adapters equal models with the adapter merged in', () => {
  it.each(numericCases().map(({ name, scheme }) => [name, scheme] as const))('%s', async (name, scheme) => {
    // int8: the last bit of a float decides now and then which way an activation is rounded; all steps but those few agree.
    const rounds = scheme.startsWith('int8-dynamic');
    const results = (await page.evaluate(([n, i]) => engine.numeric('webgpu', [n], 'per row', i), [name, rounds] as const)) as Record<
      string,
      CaseResult
    >;
    const { differences, worst, sameTokens, zeroAdapter, effect } = results[name]!;
    console.log(name, { worst, zeroAdapter, effect });
    expect(effect).toBeGreaterThan(1e-2);
    expect(differences[Math.floor(differences.length / 2)]).toBeLessThanOrEqual(1e-4);
    if (rounds) return expect(worst).toBeLessThanOrEqual(0.5);
    expect(worst).toBeLessThanOrEqual(1e-4);
    expect(zeroAdapter).toBeLessThanOrEqual(1e-4);
    expect(sameTokens).toBe(true);
  });
});

it('the built-in model passes its self-check and says what the processor says', async () => {
  expect(await load('card', 'abacus', 'webgpu')).toMatchObject({ facts: { device: 'webgpu' } });
  expect(await load('processor', 'abacus', 'wasm')).toMatchObject({ facts: { device: 'wasm' } });
  const greedy = rowsOf(24, 0);
  expect(await textsOf('card', greedy)).toEqual(await textsOf('processor', greedy));
  // Sampling meets a tie between two floats now and then.
  const sampled = rowsOf(96);
  const [card, processor] = [await textsOf('card', sampled), await textsOf('processor', sampled)];
  const same = sampled.filter(({ id }) => card[id] === processor[id]).length;
  console.log(`sampled answers that are the processor's to the letter: ${same} of ${sampled.length}`);
  expect(same).toBeGreaterThanOrEqual(90);
  for (const i of [0, 40, 95]) expect(await textsOf('card', [sampled[i]!])).toEqual({ [`row ${i}`]: card[`row ${i}`] });
  expect(await textsOf('card', sampled)).toEqual(card);
});

it.each(['fp16', 'q4f16'])('a model in halves (%s) speaks, with adapters and without', async id => {
  const loaded = await load(id, id, 'webgpu');
  const told = await page.evaluate(() => engine.progress.flatMap(p => p.fellBack ?? [])[0]);
  console.log(id, JSON.stringify(told ?? loaded));
  expect(loaded).toMatchObject({ facts: { device: 'webgpu', dtype: id } });
  const { 'adapter_config.json': config, 'adapter_model.safetensors': weights } = writeAdapter(
    randomAdapter(tinyConfig, { rank: 2, seed: 5, targets: ['q_proj', 'v_proj'], strength: 2 }),
    { alpha: 4, baseModel: null },
  );
  const agent = { 'adapter_config.json': [...new TextEncoder().encode(config)], 'adapter_model.safetensors': [...weights] };
  expect(await page.evaluate(([n, a]) => engine.adopt(n, { a }), [id, agent] as const)).toEqual({ adopted: ['a'] });
  const rows = rowsOf(9).map((row, i) => ({ ...row, adapter: i % 2 ? 'a' : null }));
  const together = await textsOf(id, rows);
  expect(Object.keys(together)).toHaveLength(9);
  const base = await textsOf(
    id,
    rows.map(row => ({ ...row, adapter: null })),
  );
  expect(base['row 0']).toBe(together['row 0']);
  expect(base['row 1']).not.toBe(together['row 1']);
  // Kernels of other batch sizes round halves otherwise, which a few hundred draws do not survive: only the same batch says the same.
  expect(await textsOf(id, rows)).toEqual(together);
});

it('trains as torch does', async () => {
  const file = resolve(root, 'src/onnx/train/reference/torch.json');
  const torch = (JSON.parse(readFileSync(file, 'utf8')) as { cases: Record<string, { losses: number[]; norms: number[] }> }).cases;
  const tab = await browser.open(sites[1]!.url);
  const names = Object.keys(torch);
  const results = await tab.evaluate(n => training.run({ device: 'webgpu', names: n, steps: 4 }), names);
  expect(Object.keys(results)).toEqual(names);
  for (const [name, { losses, norms, sums }] of Object.entries(results as Exclude<typeof results, { failed: string }>)) {
    const off = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
    const { losses: want, norms: wantNorms } = torch[name]!;
    console.log(name, off(losses, want), off(norms, wantNorms));
    expect(off(losses, want), name).toBeLessThan(1e-4);
    expect(off(sums, want), name).toBeLessThan(1e-4);
    expect(off(norms, wantNorms), name).toBeLessThan(1e-3);
  }
});

it('raises no error', () => expect(browser.errors).toEqual([]));
