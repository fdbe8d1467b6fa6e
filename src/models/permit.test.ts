// What may come from another site, and what may not: a hub on this machine counts the requests.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { chooseFiles } from './choose-files';
import { describeFiles } from './describe-model';
import type { DeviceDecision } from './device-probe';
import { serveHub, type Hub } from './fixtures/hub-server';
import { tinyModel } from './fixtures/tiny-model';
import { folderOf } from './folder-of';
import { memoryCache, type ModelCache } from './model-cache';
import type { AskFetch, FetchQuestion } from './permit';

const files = tinyModel();
const total = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
const wasm = { facts: { device: 'wasm' as const, halves: false }, reason: 'a test' };
const webgpu = { facts: { device: 'webgpu' as const, halves: false }, reason: 'another test' };

let hub: Hub;
let cache: ModelCache;
let questions: FetchQuestion[];
beforeAll(async () => {
  hub = await serveHub({
    'a/tiny': new Map([...files, ['onnx/model_q4.onnx', files.get('onnx/model.onnx')!.slice()], ['extra.json', new Uint8Array(9)]]),
  });
});
afterAll(() => hub?.close());
beforeEach(() => {
  cache = memoryCache();
  questions = [];
  hub.asked.length = hub.gets.length = 0;
});

const open = (ask: AskFetch) =>
  folderOf(
    { kind: 'hub', id: 'a/tiny', host: hub.url },
    {
      models: 'http://localhost/models/',
      files: [],
      fetch: (url, init) => fetch(url, init),
      cache,
      ask: async question => {
        questions.push(question);
        return ask(question);
      },
    },
  );
/** As a load does it. */
async function load(ask: AskFetch, decision: DeviceDecision = wasm): Promise<void> {
  const { folder, permit } = open(ask);
  const chosen = await chooseFiles(folder, decision.facts, undefined);
  await permit!.download(describeFiles(chosen, decision));
  for (const { name } of [...chosen.small, chosen.graph]) await folder.read(name);
}
const yes: AskFetch = async () => true;

describe('a host that nobody agreed to', () => {
  it('is not asked for anything', async () => {
    await expect(load(async () => false)).rejects.toMatchObject({ name: 'FetchRefused', code: 'aborted' });
    expect(hub.asked).toEqual([]);
    expect(questions).toMatchObject([{ host: hub.url, offer: null }]);
  });
});

describe('files that nobody agreed to', () => {
  it('are not fetched, though the host may be asked how long they are', async () => {
    await expect(load(async ({ offer }) => offer === null)).rejects.toThrow(/nobody agreed/);
    expect(hub.gets).toEqual([]);
    expect(questions.map(({ offer }) => offer?.missing ?? null)).toEqual([null, total]);
  });

  it('are asked for once, and not again when they are kept', async () => {
    await load(yes);
    expect(questions).toHaveLength(2);
    await load(async () => false);
    expect(questions).toHaveLength(2);
  });

  it('are asked for when another device wants another graph', async () => {
    await load(yes);
    await expect(load(async () => false, webgpu)).rejects.toThrow(/nobody agreed/);
    expect(questions[2]!.offer).toMatchObject({ dtype: 'q4', missing: files.get('onnx/model.onnx')!.length });
    expect(hub.gets.filter(path => path.endsWith('q4.onnx'))).toEqual([]);
  });

  it('do not come with those that somebody did agree to', async () => {
    const { folder, permit } = open(yes);
    const chosen = await chooseFiles(folder, wasm.facts, undefined);
    await permit!.download(describeFiles(chosen, wasm));
    await expect(folder.read('extra.json')).rejects.toThrow(/nobody agreed/);
    expect(hub.gets).toEqual([]);
  });
});
