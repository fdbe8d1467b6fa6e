// Training in the page, in a real Chromium: the endpoint's app in a worker, reached by a fetch over a port, and what happens when it dies.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TuneOrder } from '../../src/datasets/order';
import { createTuner } from '../../src/tuner/app';
import { openNodeDisk } from '../../src/tuner/disk-node';
import { sums } from '../../src/tuner/fixtures/rows';
import { loopbackHosts } from '../../src/tuner/guard';
import { asListener, listen } from '../../src/tuner/listen-node';
import { createInProcessEngine } from '../../src/tuner/train/node';
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
  it('trains on a graphics card when that is asked for, to the losses of the processor', { timeout: 600_000 }, async () => {
    const losses = async (page: Page, device: string): Promise<number[]> => {
      expect(await page.evaluate(`window.tuner.open(2000, ${JSON.stringify(device)})`)).toBe('open');
      const { steps } = (await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 2))})`)) as {
        steps: { loss: number }[];
      };
      await page.evaluate('window.tuner.close()');
      return steps.map(({ loss }) => loss);
    };
    const here = await losses(await open(), 'wasm');
    await browser.close();
    browser = await launch({ webgpu: true });
    const there = await losses(await open(), 'webgpu');
    expect(here).toHaveLength(2);
    expect(there).toHaveLength(2);
    here.forEach((loss, i) => expect(there[i]).toBeCloseTo(loss, 3));
  });

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

    // The rows are gone from the endpoint; its result is what remains.
    expect(await page.evaluate('window.tuner.files()')).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'probe.json',
      'step_metrics.csv',
    ]);

    // Ordered again: the job that is there, not a second one.
    expect(await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 4))})`)).toMatchObject({
      job: (tuned as { job: string }).job,
    });
    expect(await page.evaluate('window.tuner.jobs().then(jobs => jobs.length)')).toBe(1);
  });

  it('goes on after a reload in the middle of a job, from its last checkpoint', async () => {
    const page = await open();
    await page.evaluate('window.tuner.open()');
    const asked = JSON.stringify(order('generator_1', 30));
    await page.evaluate('window.tuner.when(27, "reload")');
    const reloaded = page.waitForEvent('load', { timeout: 120_000 });
    await page.evaluate(`void window.tuner.run(${asked})`);
    await reloaded;
    await page.waitForFunction('"tuner" in window');
    expect(await page.evaluate('window.tuner.open()')).toBe('open');
    const tuned = (await page.evaluate(`window.tuner.run(${asked})`)) as { steps: { step: number }[]; warnings: string[] };
    // The curve is whole although this page saw only its end; nothing was trained from the start again.
    expect(tuned.steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(tuned.warnings.join()).toContain('from the checkpoint of step 25');
    expect(await page.evaluate('window.tuner.jobs().then(jobs => jobs.length)')).toBe(1);
  });

  it('starts again by itself when its worker dies, and the job ends as if nothing had been', async () => {
    const page = await open();
    await page.evaluate('window.tuner.open()');
    await page.evaluate('window.tuner.when(27, "kill")');
    const tuned = (await page.evaluate(`window.tuner.run(${JSON.stringify(order('generator_1', 30))})`)) as {
      steps: unknown[];
      warnings: string[];
    };
    expect(tuned.steps).toHaveLength(30);
    expect(tuned.warnings.join()).toContain('from the checkpoint of step 25');
    expect(await page.evaluate('window.tuner.restarts.length')).toBe(1);
  });

  it('brings six jobs home from a server of another origin at once: no browser has that many connections to spare', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'polylogue-tuner-'));
    const server = await listen(0, '127.0.0.1');
    const tuner = await createTuner({
      engine: createInProcessEngine({ modelsDir: join(root, 'public/models') }),
      ...{
        disk: await openNodeDisk(dir),
        token: 'token-of-the-test',
        hosts: loopbackHosts(server.port),
        origins: [new URL(site.url).origin],
      },
    });
    server.mount(asListener(tuner.fetch));
    try {
      const page = await open();
      const orders = ['generator_1', 'generator_2', 'generator_3', 'critic_1', 'critic_2', 'critic_3'].map(agent => ({
        ...order(agent, 2),
        agent,
      }));
      const url = `http://127.0.0.1:${server.port}`;
      await page.evaluate(`window.tuner.at(${JSON.stringify(url)}, 'token-of-the-test')`);
      const ends = await page.evaluate(`Promise.all(${JSON.stringify(orders)}.map(one => window.tuner.run(one)))`);
      expect(ends).toEqual(
        orders.map(() => expect.objectContaining({ steps: [expect.anything(), expect.anything()], modules: expect.any(Number) })),
      );
      browser.foreign.splice(0, Infinity, ...browser.foreign.filter(asked => !asked.startsWith(url)));
    } finally {
      await tuner.close();
      await server.close();
      rmSync(dir, { recursive: true });
    }
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
