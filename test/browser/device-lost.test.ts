// The graphics card goes away under a debate of the built page: the engine starts again and the debate goes on from its last finished turn.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunEvent } from '../../src/debate/events';
import { tinyModel } from '../../src/models/fixtures/tiny-model';
import { tinyConfig } from '../../src/onnx/fixtures/weights';
import { copyApp, launch, serveFolder, type Browser, type Site } from './harness';
import { onDisk, said } from './on-disk';

let app: { dir: string; remove(): void };
let site: Site;
let browser: Browser;
let page: Page;
/** The same debate, left alone. */
let calm: RunEvent[];

/** Stands before the worker's own code in the built page: whoever asks for a device, the test can reach it. */
const keepDevices = `
  globalThis.devices = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...of) {
    const device = await requestDevice.apply(this, of);
    globalThis.devices.push(device);
    return device;
  };
`;

beforeAll(async () => {
  app = copyApp();
  const assets = join(app.dir, 'sub/path/assets');
  const workers = readdirSync(assets).filter(name => /^engine\.worker.*\.js$/.test(name));
  expect(workers).toHaveLength(1);
  const file = join(assets, workers[0]!);
  writeFileSync(file, keepDevices + readFileSync(file, 'utf8'));
  // The built-in model wants a card with half precision, which the software one has not; this one has random weights and reads enough.
  const folder = join(app.dir, 'sub/path/models/abacus');
  rmSync(folder, { recursive: true });
  for (const [path, bytes] of tinyModel({ ...tinyConfig, maxPositions: 8192 })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  site = await serveFolder(app.dir);
  browser = await launch({ webgpu: true });
  browser.context.setDefaultTimeout(240_000);
  page = await browser.open(`${site.url}sub/path/#/models`);
  await page.getByRole('radio', { name: /^WebGPU/ }).check();
  await page.evaluate(() => void (location.hash = '#/debate'));
  await page.locator('summary').first().click();
  await page.getByRole('textbox', { name: 'Rounds' }).fill('3');
  await page.getByRole('combobox', { name: 'What critics hear' }).selectOption({ label: 'The full answers' });
  await page.getByRole('textbox', { name: 'Longest answer' }).fill('60');
  calm = await debate();
  expect(calm[0]).toMatchObject({ type: 'run-started', engine: { device: 'webgpu' } });
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  app?.remove();
});

/** One debate from the first screen. @param during called once the first round is on disk */
async function debate(during?: () => Promise<void>): Promise<RunEvent[]> {
  const before = new Set(Object.keys(await onDisk(page)));
  const run = async (): Promise<RunEvent[]> => Object.entries(await onDisk(page)).find(([id]) => !before.has(id))?.[1] ?? [];
  await page.evaluate(() => void (location.hash = '#/debate'));
  await page.getByRole('button', { name: 'Run live' }).click();
  for (let done = false; !done;) {
    const events = await run();
    const turns = events.filter(({ type }) => type === 'turn').length;
    if (during && turns >= 3) {
      await during();
      during = undefined;
    }
    done = events.some(({ type }) => type === 'run-finished');
    await page.waitForTimeout(100);
  }
  return run();
}

/** The device of the engine, from inside its worker. */
async function destroyDevice(): Promise<void> {
  const destroyed = await Promise.all(
    page.workers().map(worker =>
      worker.evaluate(() => {
        const { devices = [] } = globalThis as unknown as { devices?: GPUDevice[] };
        devices.forEach(device => device.destroy());
        return devices.length;
      }),
    ),
  );
  expect(Math.max(...destroyed)).toBeGreaterThan(0);
}

/** The process that all pages' graphics go through. */
async function crashGraphics(): Promise<void> {
  const session = await browser.context.newCDPSession(page);
  await session.send('Browser.crashGpuProcess');
  await session.detach();
}

const turnIds = (events: readonly RunEvent[]) => events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));

it.each([
  ['its device is destroyed', destroyDevice],
  ['the graphics process crashes', crashGraphics],
] as const)('a debate goes on with the same words when %s', { timeout: 300_000 }, async (_, lose) => {
  const events = await debate(lose);
  expect(events.filter(({ type }) => type === 'note')).toMatchObject([
    { note: 'engine-restarted', text: expect.stringContaining('The graphics card was lost'), engine: { device: 'webgpu' } },
  ]);
  expect(new Set(turnIds(events)).size).toBe(turnIds(events).length);
  expect(said(events)).toEqual(said(calm));
  expect(browser.errors).toEqual([]);
});
