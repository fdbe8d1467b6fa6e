// Training in the page, in a real Chromium: the endpoint's app in a worker, reached by a fetch over a port, and what happens when it dies.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TuneOrder } from '../../src/finetune/order';
import { sums } from '../../src/tuner/fixtures/rows';
import type {} from '../pages/tuner/main';
import { root } from '../steps';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

let built: Awaited<ReturnType<typeof buildPage>>;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  built = await buildPage('tuner');
  cpSync(join(root, 'public/models'), join(built.dir, 'models'), { recursive: true });
  site = await serveFolder(built.dir);
});
afterAll(async () => {
  await site?.close();
  built?.remove();
});
beforeEach(async () => {
  browser = await launch();
});
afterEach(async () => {
  const { errors, foreign } = browser;
  await browser.close();
  expect(errors).toEqual([]);
  expect(foreign).toEqual([]);
});

const open = async (): Promise<Page> => {
  const page = await browser.open(site.url);
  await page.waitForFunction('"tuner" in window');
  return page;
};

const order = (key: string, steps: number): TuneOrder => ({
  key: `loop/1/${key}`,
  loop: 'loop',
  iteration: 1,
  agent: 'generator_1',
  role: 'generator',
  base: 'abacus',
  from: null,
  training: sums(8),
  validation: sums(2),
  datasetHash: 'ab'.repeat(32),
  settings: {
    ...{ method: 'lora', rank: 2, alpha: 4, learningRate: 1e-3, schedule: 'constant', warmupSteps: 0, batchSize: 2 },
    ...{ epochs: null, steps, weightDecay: 0, maxGradNorm: 1 },
  },
  seed: 1,
});

describe('training in the page', () => {
  it('trains the built-in model through the wire and brings an adapter home', async () => {
    const page = await open();
    expect(await page.evaluate('window.tuner.open()')).toBe('open');
    expect(await page.evaluate('window.tuner.models()')).toEqual([{ id: 'abacus', engine: 'onnx' }]);
    expect(await page.evaluate('window.tuner.fetch("/healthz")')).toEqual({ status: 200, body: { ok: true } });
    expect(await page.evaluate('window.tuner.fetch("/v1/models")')).toMatchObject({
      status: 401,
      body: { error: { code: 'invalid_token' } },
    });

    const tuned = await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 4))})`);
    expect(tuned).toMatchObject({
      names: ['adapter_config.json', 'adapter_model.safetensors', 'probe.json'],
      model: expect.stringMatching(/^ft:abacus:/),
      steps: [1, 2, 3, 4].map(step => ({ step, total: 4, loss: expect.any(Number) })),
    });
    expect(tuned).toMatchObject({ modules: expect.any(Number), trainedTokens: expect.any(Number) });
    const { modules, trainedParameters, validation } = tuned as { modules: number; trainedParameters: number; validation: unknown[] };
    expect(modules).toBeGreaterThan(0);
    expect(trainedParameters).toBeGreaterThan(0);
    expect(validation.length).toBeGreaterThan(0);

    // Ordered again: the job that is there, not a second one.
    expect(await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 4))})`)).toMatchObject({
      job: (tuned as { job: string }).job,
    });
    expect(await page.evaluate('window.tuner.jobs().then(jobs => jobs.length)')).toBe(1);
  });

  it('goes on after a reload in the middle of a job, from its last checkpoint', async () => {
    const page = await open();
    await page.evaluate('window.tuner.open()');
    const asked = JSON.stringify(order('generator_1', 60));
    await page.evaluate(`void window.tuner.run(${asked})`);
    await page.waitForFunction('window.tuner.updates.some(u => u.type === "step" && u.step >= 30)', null, { timeout: 120_000 });
    await page.reload();
    await page.waitForFunction('"tuner" in window');
    expect(await page.evaluate('window.tuner.open()')).toBe('open');
    const tuned = (await page.evaluate(`window.tuner.run(${asked})`)) as { steps: { step: number }[]; warnings: string[] };
    // The curve is whole although this page saw only its end; nothing was trained from the start again.
    expect(tuned.steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(tuned.warnings.join()).toContain('from the checkpoint of step 25');
    expect(await page.evaluate('window.tuner.jobs().then(jobs => jobs.length)')).toBe(1);
  });

  it('starts again by itself when its worker dies, and the job ends as if nothing had been', async () => {
    const page = await open();
    await page.evaluate('window.tuner.open()');
    await page.evaluate('window.tuner.killAt(27)');
    const tuned = (await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 40))})`)) as {
      steps: unknown[];
      warnings: string[];
    };
    expect(tuned.steps).toHaveLength(40);
    expect(tuned.warnings.join()).toContain('from the checkpoint of step 25');
    expect(await page.evaluate('window.tuner.restarts.length')).toBe(1);
  });

  it('trains in one tab; another is told so, and may take its turn when the first has closed', async () => {
    const [first, second] = [await open(), await open()];
    expect(await first.evaluate('window.tuner.open()')).toBe('open');
    expect(await second.evaluate('window.tuner.open(300)')).toMatch(/^elsewhere: Training runs in another tab/);
    await first.evaluate('window.tuner.close()');
    expect(await second.evaluate('window.tuner.open()')).toBe('open');
    expect(await second.evaluate('window.tuner.models()')).toHaveLength(1);
  });
});
