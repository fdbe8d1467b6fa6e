// Training in a real page: nested workers on onnxruntime-web, side by side, with the same outcome as in Node.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createNodeEngine } from '../../src/models/engine-node';
import type { Files, TrainUpdate } from '../../src/tuner/engine';
import { claims, jsonl, modelsDir, someJob, tinyBase } from '../../src/tuner/train/fixture';
import { createInProcessEngine } from '../../src/tuner/train/node';
import type { Order, TrainApi, Trained } from '../pages/tuner-train/main';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

declare const training: TrainApi;

let built: { dir: string; remove(): void };
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  built = await buildPage('tuner-train');
  cpSync(join(modelsDir, 'abacus'), join(built.dir, 'models/abacus'), { recursive: true });
  mkdirSync(join(built.dir, 'models/tiny'));
  const { folder } = tinyBase();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])
    writeFileSync(join(built.dir, 'models/tiny', name), (await folder.read(name))!);
  site = await serveFolder(built.dir);
  browser = await launch();
  page = await browser.open(site.url);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

const { hyperparameters } = someJob({ hyperparameters: { max_steps: 10 } });
const order = (changes: Partial<Order> = {}): Order => ({ rows: claims(0, 12), hyperparameters, seed: 7, ...changes });
const run = (orders: Order[]): Promise<Trained[]> => page.evaluate(own => training.train(own), orders);
const losses = (updates: readonly TrainUpdate[]): number[] => updates.flatMap(u => (u.t === 'progress' ? [u.train_loss] : []));
const filesOf = ({ files }: Trained): Files =>
  Object.fromEntries(Object.entries(files!).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'latin1'))]));

describe('training in the page', () => {
  it('knows its base', async () => {
    expect(await page.evaluate(() => training.bases())).toEqual([
      { id: 'abacus', parameters: 887_424 },
      { id: 'tiny', parameters: 16_352 },
    ]);
  });

  it('gives the losses of Node, two jobs side by side, and an adapter that proves itself in the inference engine', async () => {
    const [one, full] = await run([
      order({ validation: claims(40, 4) }),
      order({ hyperparameters: { ...hyperparameters, lora: false, max_steps: 3, learning_rate: 1e-3 } }),
    ]);
    expect([one!.error, full!.error]).toEqual([null, null]);
    const here: TrainUpdate[] = [];
    const job = someJob({ base: 'abacus', validation: jsonl(claims(40, 4)), hyperparameters });
    await createInProcessEngine({ modelsDir }).train('x', job, update => here.push(update), new AbortController().signal);
    expect(one!.updates.map(u => u.t)).toEqual(here.filter(u => u.t !== 'checkpoint').map(u => u.t));
    losses(here).forEach((loss, i) => expect(losses(one!.updates)[i]).toBeCloseTo(loss, 3));
    expect(one!.checkpoints).toEqual([10]);

    const inference = await createNodeEngine(join(modelsDir, 'abacus'), { threads: 1 });
    const never = new AbortController().signal;
    await inference.adopt(new Map([one!, full!].map((trained, i) => [`agent ${i}`, filesOf(trained)])), never);
    for (const [i, trained] of [one!, full!].entries())
      expect(await inference.probe(`agent ${i}`, filesOf(trained)['probe.json']!, never)).toMatchObject({ passed: true });
    await inference.dispose();
  });

  it('stops between two updates, and fails in words', async () => {
    const [stopped, wrong] = await run([
      order({ stopAt: 2, hyperparameters: { ...hyperparameters, max_steps: 100_000 } }),
      order({ rows: ['{}'] }),
    ]);
    expect(stopped).toMatchObject({ error: { message: 'enough' }, files: null });
    expect(losses(stopped!.updates)).toHaveLength(2);
    expect(wrong!.error).toEqual({ code: 'invalid_training_file', message: 'line 1: has no messages' });
  });

  it('computes the same on a graphics card', async () => {
    const own = await launch({ webgpu: true });
    const graphics = await own.open(site.url);
    // Shaders take long to translate without a card, so the model is one layer of random numbers.
    const short = order({ base: 'tiny', hyperparameters: { ...hyperparameters, max_steps: 2 } });
    const [there] = await graphics.evaluate(own => training.train(own), [{ ...short, device: 'webgpu' as const }]);
    const [here] = await run([short]);
    await own.close();
    expect(there!.error).toBeNull();
    expect(losses(here!.updates)).toHaveLength(2);
    losses(here!.updates).forEach((loss, i) => expect(losses(there!.updates)[i]).toBeCloseTo(loss, 3));
  });

  it('asked nobody but its own site', () => {
    expect(browser.foreign).toEqual([]);
    expect(browser.errors).toEqual([]);
  });
});
