import { expect, it } from 'vitest';
import { randomWeights, tinyConfig } from './fixtures/weights';
import { toHalves } from './half';
import { llamaShapes, type LlamaConfig, type Weights } from './llama-shapes';
import { CheckpointError, readModelWeights } from './model-weights';
import { writeSafetensors } from './safetensors';

const config: LlamaConfig = { ...tinyConfig, vocab: 40, hidden: 16, heads: 2, kvHeads: 1, headDim: 8, ff: 24, biases: 'qkv', qkNorm: true };
const weights = randomWeights(config);
const names = llamaShapes(config).map(([name]) => name);

type Stored = Parameters<typeof writeSafetensors>[0] extends ReadonlyMap<string, infer V> ? V : never;
const stored = (w: Weights, only: readonly string[] = Object.keys(w)) =>
  new Map<string, Stored>(only.map(name => [name, { shape: w[name]!.dims, data: w[name]!.data }]));
const reader = (files: Record<string, Uint8Array | object>) => (name: string) => {
  const file = files[name];
  return Promise.resolve(file === undefined || file instanceof Uint8Array ? file : new TextEncoder().encode(JSON.stringify(file)));
};
/** Two shards with their index. */
const sharded = () => {
  const [first, second] = [names.slice(0, 9), names.slice(9)];
  const map = Object.fromEntries(names.map(name => [name, first.includes(name) ? 'model-1-of-2.safetensors' : 'model-2-of-2.safetensors']));
  return {
    'model-1-of-2.safetensors': writeSafetensors(stored(weights, first)),
    'model-2-of-2.safetensors': writeSafetensors(stored(weights, second)),
    'model.safetensors.index.json': { metadata: { total_size: 1 }, weight_map: map },
  };
};

it('reads one file and shards alike', async () => {
  expect(await readModelWeights(config, reader({ 'model.safetensors': writeSafetensors(stored(weights)) }))).toEqual(weights);
  expect(await readModelWeights(config, reader(sharded()))).toEqual(weights);
});

it('reads halves and bfloat16 as float32', async () => {
  const halves = new Map<string, Stored>(names.map(name => [name, { shape: weights[name]!.dims, data: toHalves(weights[name]!.data) }]));
  const bytes = writeSafetensors(halves);
  const half = await readModelWeights(config, reader({ 'model.safetensors': bytes }));
  for (const name of names)
    halves.set(name, { shape: weights[name]!.dims, data: Uint16Array.from(bits(weights[name]!.data), b => b >>> 16) });
  const text = new TextDecoder('latin1').decode(writeSafetensors(halves)).replaceAll('"F16"', '"BF16"');
  // One letter more per tensor: the header grows, and its length field with it.
  const longer = Uint8Array.from(text, ch => ch.charCodeAt(0));
  new DataView(longer.buffer).setBigUint64(0, new DataView(longer.buffer).getBigUint64(0, true) + BigInt(names.length), true);
  const brain = await readModelWeights(config, reader({ 'model.safetensors': longer }));
  for (const name of names)
    for (const [read, error] of [
      [half, 2 ** -11],
      [brain, 2 ** -7],
    ] as const) {
      expect(read[name]!.dims).toEqual(weights[name]!.dims);
      read[name]!.data.forEach((x, i) => expect(Math.abs(x - weights[name]!.data[i]!)).toBeLessThanOrEqual(error * Math.abs(x) + 1e-6));
    }
});
const bits = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

it('takes a tied head that is stored again, and frequencies of old exporters', async () => {
  const tied = { ...config, tied: true };
  const more = stored(weights);
  more.set('model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [4], data: new Float32Array(4) });
  const read = await readModelWeights(tied, reader({ 'model.safetensors': writeSafetensors(more) }));
  expect(Object.keys(read).sort()).toEqual(names.filter(name => name !== 'lm_head.weight').sort());
});

it('refuses what is missing, damaged, unknown or not finite, by name', async () => {
  const one = (w: Weights) => reader({ 'model.safetensors': writeSafetensors(stored(w)) });
  const refused = async (read: ReturnType<typeof reader>, reason: string, c = config) => {
    await expect(readModelWeights(c, read)).rejects.toThrow(CheckpointError);
    await expect(readModelWeights(c, read)).rejects.toThrow(reason);
  };
  await refused(reader({}), 'neither model.safetensors nor');
  const { 'model.norm.weight': _norm, ...rest } = weights;
  await refused(one(rest), 'model.norm.weight is missing');
  await refused(
    one({ ...weights, 'model.norm.weight': { dims: [8], data: new Float32Array(8) } }),
    'model.norm.weight is [8], wanted [16]',
  );
  await refused(one({ ...weights, 'model.norm.weight': { dims: [16], data: new Float32Array(16).fill(NaN) } }), 'NaN or infinity');
  // The biases of a model whose config does not speak of them.
  await refused(one(weights), '_proj.bias has no place', { ...config, biases: undefined });
  await refused(reader({ 'model.safetensors': writeSafetensors(stored(weights)).subarray(0, -4) }), 'model.safetensors: ');
  const files = sharded();
  const { 'model-2-of-2.safetensors': _second, ...half } = files;
  await refused(reader(half), 'model-2-of-2.safetensors is missing');
  const map = files['model.safetensors.index.json'].weight_map;
  const index = (change: object) => reader({ ...files, 'model.safetensors.index.json': { weight_map: { ...map, ...change } } });
  await refused(index({ 'model.norm.weight': '../model.safetensors' }), 'puts model.norm.weight into "../model.safetensors"');
  await refused(index({ 'model.norm.weight': 'model-1-of-2.safetensors' }), 'model-1-of-2.safetensors lacks model.norm.weight');
  await refused(reader({ ...files, 'model.safetensors.index.json': {} }), 'has no weight_map');
  await refused(reader({ ...files, 'model.safetensors.index.json': new Uint8Array([1]) }), 'is not JSON');
});
