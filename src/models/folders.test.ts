// Models from a hub, from a picked folder, from this site: sizes, keeping, refusals. The hub is a server on this machine.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { buildLlama } from '../onnx/llama';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { encodeModel } from '../onnx/proto';
import { chooseFiles } from './choose-files';
import { describeModel } from './describe-model';
import { decideDevice } from './device-probe';
import { preferredDtypes } from './dtype-policy';
import { serveHub, type Hub } from './fixtures/hub-server';
import { folderOfMap, tinyEngine } from './fixtures/tiny-engine';
import { tinyModel } from './fixtures/tiny-model';
import { hubFolder } from './folder-hub';
import { pickedFolder } from './folder-picked';
import { memoryCache, type ModelCache } from './model-cache';
import { readGraph } from './read-graph';

const files = tinyModel();
const graph = files.get('onnx/model.onnx')!;
const total = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
const wasm = { facts: { device: 'wasm' as const, halves: false }, reason: 'a test' };
const cpu = { device: 'cpu' as const, halves: false };
const get = (url: string, init?: RequestInit) => fetch(url, init);
/** Everything was agreed to. */
const all = { reach: async () => undefined, check: () => undefined };
const never = new AbortController().signal;

let hub: Hub;
let cache: ModelCache;
beforeAll(async () => {
  hub = await serveHub({
    'a/tiny': files,
    'a/parts': new Map([...files, ['onnx/model.onnx_data', new Uint8Array(3)], ['onnx/model.onnx_data_1', new Uint8Array(5)]]),
  });
});
afterAll(() => hub?.close());
beforeEach(() => {
  cache = memoryCache();
  hub.cut = hub.refuse = hub.gzip = null;
  hub.silent = false;
  hub.gets.length = 0;
});
const folder = (more: Partial<Parameters<typeof hubFolder>[0]> = {}) =>
  hubFolder({ id: 'a/tiny', host: hub.url, fetch: get, cache, permit: all, ...more });

describe('a model on a hub', () => {
  it('is described to the byte without downloading anything', async () => {
    const ref = { kind: 'hub', id: 'a/tiny', host: hub.url } as const;
    const before = await describeModel(ref, { fetch: get, cache, decision: wasm });
    expect(before).toMatchObject({ total, missing: total, dtype: 'fp32', device: 'wasm' });
    expect(before.reason).toContain('no q8 file');
    expect(hub.gets).toEqual([]);
    const chosen = await chooseFiles(folder(), wasm.facts, undefined);
    for (const file of [...chosen.small, chosen.graph]) await folder().read(file.name);
    expect((await describeModel(ref, { fetch: get, cache, decision: wasm })).missing).toBe(0);
  });

  it('counts the weights beside the graph', async () => {
    const chosen = await chooseFiles(folder({ id: 'a/parts' }), cpu, undefined);
    expect(chosen.external.map(f => [f.name, f.bytes])).toEqual([
      ['onnx/model.onnx_data', 3],
      ['onnx/model.onnx_data_1', 5],
    ]);
    const read: [number, number][] = [];
    const loaded = await readGraph(folder({ id: 'a/parts' }), chosen, never, (done, all) => read.push([done, all]));
    expect(loaded.external.map(e => [e.path, e.data.length])).toEqual([
      ['model.onnx_data', 3],
      ['model.onnx_data_1', 5],
    ]);
    expect(read.at(-1)).toEqual([graph.length + 8, graph.length + 8]);
  });

  it('keeps whole files only', async () => {
    hub.cut = 5000;
    await expect(folder().read('onnx/model.onnx')).rejects.toMatchObject({ code: 'network' });
    expect(await folder().find('onnx/model.onnx')).toMatchObject({ cached: false });
    hub.cut = null;
    expect((await folder().read('onnx/model.onnx'))!.length).toBe(graph.length);
    expect(await folder().find('onnx/model.onnx')).toMatchObject({ cached: true });
    hub.gets.length = 0;
    await folder().read('onnx/model.onnx');
    expect(hub.gets).toEqual([]);
  });

  it('fetches again what is kept with the wrong length', async () => {
    await cache.put(`${hub.url}/a/tiny/resolve/main/onnx/model.onnx`, new Uint8Array(7));
    const own = folder();
    expect(await own.find('onnx/model.onnx')).toEqual({ bytes: graph.length, cached: false });
    expect((await own.read('onnx/model.onnx'))!.length).toBe(graph.length);
  });

  it('stops a download in the middle', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const reading = folder().read('onnx/model.onnx', { signal: abort.signal, onBytes: () => abort.abort(reason) });
    await expect(reading).rejects.toBe(reason);
    expect(await cache.get(`${hub.url}/a/tiny/resolve/main/onnx/model.onnx`)).toBeUndefined();
  });

  it('loads although it cannot be kept, and says so once', async () => {
    const told: string[] = [];
    const full: ModelCache = { ...cache, put: () => Promise.reject(new Error('no room')) };
    const own = folder({ cache: full, onUnkept: reason => told.push(reason) });
    expect(await own.read('config.json')).not.toBeNull();
    expect(await own.read('tokenizer.json')).not.toBeNull();
    expect(told).toEqual(['no room']);
  });

  // Pages of another site see neither the header that tells of compression, nor the length Node hides.
  const asPage = async (url: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    const headers = new Headers(response.headers);
    headers.delete('content-encoding');
    return new Response(init?.method === 'HEAD' ? null : response.body, { status: response.status, headers });
  };
  describe.each([
    { length: 'none', stubborn: false },
    { length: 'compressed', stubborn: false },
    { length: 'none', stubborn: true },
    { length: 'compressed', stubborn: true },
  ] as const)('that compresses its texts (length: $length, whatever is asked: $stubborn)', mode => {
    beforeEach(() => {
      hub.gzip = mode;
    });
    const ref = () => ({ kind: 'hub', id: 'a/tiny', host: hub.url }) as const;
    const facts = { fetch: asPage, decision: wasm };
    const same = (bytes: Uint8Array | null, name: string): boolean => bytes !== null && Buffer.compare(bytes, files.get(name)!) === 0;

    it('is described to the byte, without its graph', async () => {
      const before = await describeModel(ref(), { ...facts, cache });
      // A length that is wrong and looks right is found out by reading only.
      if (mode.length === 'none' || !mode.stubborn) expect(before.total).toBe(total);
      expect(before.files.find(file => file.name === 'onnx/model.onnx')).toMatchObject({ bytes: graph.length, cached: false });
      expect(hub.gets.filter(path => path.endsWith('.onnx'))).toEqual([]);
      if (!mode.stubborn) expect(hub.gets).toEqual([]);
    });

    it('loads, is kept, and is not fetched again', async () => {
      const first = folder({ fetch: asPage });
      const chosen = await chooseFiles(first, wasm.facts, undefined);
      for (const { name } of [...chosen.small, chosen.graph]) expect(same(await first.read(name), name)).toBe(true);
      hub.gets.length = 0;
      expect(await describeModel(ref(), { ...facts, cache })).toMatchObject({ total, missing: 0 });
      const again = folder({ fetch: asPage });
      const rest = await chooseFiles(again, wasm.facts, undefined);
      for (const { name } of [...rest.small, rest.graph]) expect(same(await again.read(name), name)).toBe(true);
      expect(hub.gets).toEqual([]);
    });
  });

  it('that tells no length of its graph is asked for one byte of it', async () => {
    hub.silent = true;
    expect(await describeModel({ kind: 'hub', id: 'a/tiny', host: hub.url }, { fetch: get, cache, decision: wasm })).toMatchObject({
      total,
    });
  });

  it('must send a graph of the very length it told', async () => {
    const short = (url: string, init?: RequestInit) =>
      init?.method === 'HEAD' || !url.endsWith('.onnx')
        ? fetch(url, init)
        : Promise.resolve(new Response(graph.subarray(0, 5000) as Uint8Array<ArrayBuffer>));
    await expect(folder({ fetch: short }).read('onnx/model.onnx')).rejects.toThrow(/came with 5000 bytes instead of/);
  });

  it('says what is wrong: refused, unreachable, not a name, no graph', async () => {
    hub.refuse = 401;
    await expect(folder().read('config.json')).rejects.toMatchObject({ code: 'auth' });
    hub.refuse = 503;
    await expect(folder().read('config.json')).rejects.toMatchObject({ code: 'network' });
    hub.refuse = null;
    await expect(folder({ host: 'http://127.0.0.1:1' }).read('config.json')).rejects.toMatchObject({ code: 'network' });
    for (const id of ['tiny', 'a/b/c', '../..', 'a/..', 'a/b?c', 'https://x/y', 'a b/c'])
      expect(() => folder({ id })).toThrow(/not the name of a model/);
    await expect(chooseFiles(folder({ id: 'a/none' }), cpu, undefined)).rejects.toMatchObject({ code: 'bad-model' });
    await expect(chooseFiles(folder(), cpu, 'q4')).rejects.toMatchObject({ code: 'bad-model' });
    await expect(chooseFiles(folder(), cpu, 'q17')).rejects.toMatchObject({ code: 'bad-model' });
  });
});

describe('a picked folder', () => {
  const pick = (paths: string[]) =>
    paths.map(path => {
      const file = new File(
        [(files.get(path.replace(/^.*?(onnx\/|config|tok|gen)/, '$1')) as Uint8Array<ArrayBuffer> | undefined) ?? 'x'],
        path.replace(/^.*\//, ''),
      );
      Object.defineProperty(file, 'webkitRelativePath', { value: path });
      return file;
    });
  it('is read from where its config.json lies, and speaks', async () => {
    const own = pickedFolder(pick(['mine/checkpoint/config.json', ...[...files.keys()].map(path => `mine/${path}`)]));
    const chosen = await chooseFiles(own, cpu, undefined);
    expect(chosen.graph).toMatchObject({ name: 'onnx/model.onnx', bytes: graph.length });
    const engine = await tinyEngine({ folder: own, graph: await readGraph(own, chosen, never) });
    expect(engine.facts.parameters).toBeGreaterThan(100_000);
    await engine.dispose();
  });
  it('needs a config.json', () => expect(() => pickedFolder(pick(['mine/onnx/model.onnx']))).toThrow(/config\.json/));
});

describe('what the engine does not run is refused with the reason', () => {
  const withGraph = (bytes: Uint8Array) => new Map([...files, ['onnx/model.onnx', bytes]]);
  const edited = (change: (model: ReturnType<typeof buildLlama>) => void): Uint8Array => {
    const model = buildLlama(tinyConfig, randomWeights(tinyConfig));
    change(model);
    return encodeModel(model);
  };
  it.each<[string, Uint8Array, RegExp]>([
    ['a file that is no ONNX', new TextEncoder().encode('<!doctype html>'), /could not be read|cannot be used/],
    [
      'a running state beside the attention',
      edited(m => {
        m.graph!.input.push({ ...m.graph!.input[2]!, name: 'past_conv.0' });
      }),
      /running state \(past_conv\.0\)/,
    ],
    [
      'no cache',
      edited(m => {
        m.graph!.output = m.graph!.output.filter(o => !o.name?.startsWith('present.'));
      }),
      /never gives present/,
    ],
  ])('%s', async (_, bytes, reason) => {
    await expect(tinyEngine({ model: withGraph(bytes) })).rejects.toThrow(reason);
  });

  it('no chat template, no stop token, no tokenizer', async () => {
    const json = (path: string, change: (value: Record<string, unknown>) => void) => {
      const value = JSON.parse(new TextDecoder().decode(files.get(path))) as Record<string, unknown>;
      change(value);
      return new Map([...files, [path, new TextEncoder().encode(JSON.stringify(value))]]);
    };
    await expect(tinyEngine({ model: json('tokenizer_config.json', v => delete v['chat_template']) })).rejects.toThrow(/no chat template/);
    const without = new Map(files);
    without.delete('tokenizer.json');
    await expect(tinyEngine({ model: without })).rejects.toThrow(/no tokenizer\.json/);
    await expect(tinyEngine({ folder: folderOfMap(json('config.json', v => delete v['max_position_embeddings'])) })).rejects.toThrow(
      /context/,
    );
  });
});

describe('policy', () => {
  const none = { gpu: null, why: 'no WebGPU here' };
  const real = { gpu: { software: false, halves: true }, why: '' };
  it('chooses the precision by device', () => {
    expect(preferredDtypes({ device: 'webgpu', halves: true }).order[0]).toBe('q4f16');
    expect(preferredDtypes({ device: 'webgpu', halves: false }).order[0]).toBe('q4');
    expect(preferredDtypes({ device: 'wasm', halves: false }).order).not.toContain('q4');
    expect(preferredDtypes({ device: 'cpu', halves: false }).order[0]).toBe('fp32');
  });
  it('chooses the device by model, wish and adapter, and says why', () => {
    const hubRef = { kind: 'hub', id: 'a/b' } as const;
    const builtin = { kind: 'builtin', id: 'x' } as const;
    expect(decideDevice(hubRef, 'auto', real).facts).toEqual({ device: 'webgpu', halves: true });
    expect(decideDevice(hubRef, 'auto', none)).toMatchObject({ facts: { device: 'wasm' }, reason: 'no WebGPU here' });
    expect(decideDevice(hubRef, 'auto', { gpu: { software: true, halves: false }, why: '' }).facts.device).toBe('wasm');
    expect(decideDevice(builtin, 'auto', real).facts.device).toBe('wasm');
    expect(decideDevice(builtin, 'webgpu', real).facts.device).toBe('webgpu');
    expect(decideDevice(builtin, 'webgpu', none).fellBack).toMatchObject({ from: 'webgpu', to: 'wasm', reason: 'no WebGPU here' });
  });
});
