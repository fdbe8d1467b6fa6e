import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../test/fixtures/node-runtime';
import { runtime } from '../../../test/fixtures/train-runtime';
import { stackAdapters, type MappedAdapter } from '../feeds';
import { buildLlama, type LlamaOptions } from '../llama';
import type { LlamaConfig, Weights } from '../llama-shapes';
import { mapAdapter } from '../mapping';
import { readAdapter, writeAdapter, type AdapterModule } from '../peft';
import { encodeModel, type ModelProto } from '../proto';
import { prepareGraph } from '../surgery';
import { initialAdapters } from './adapters';
import { makeBatch, type Batch } from './batch';
import { emitTrainStep } from './emit';
import { randomWeights, seeded, tiny } from './fixture';
import { TrainStepper } from './stepper';

// The attention op of the inference graph wants heads of a multiple of 16.
const base: LlamaConfig = { ...tiny, hidden: 32, heads: 4, kvHeads: 2, headDim: 16 };
const families: Record<string, LlamaConfig> = {
  llama: base,
  'llama with biases and stretched frequencies': {
    ...{ ...base, biases: 'qkvo' },
    rope: { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 16 },
  },
  qwen2: { ...base, biases: 'qkv', tied: true },
  qwen3: { ...base, qkNorm: true, tied: true },
};
const rates = { adamw: 0.02 };
const random = seeded(77);
const rows = Array.from({ length: 4 }, (_, r) => {
  const ids = Array.from({ length: 5 + 2 * r }, () => Math.floor(random() * base.vocab));
  return { ids, mask: ids.map((_, i) => Number(i > 2 && i % 3 !== 0)) };
});
const batch = makeBatch(rows, 0);

/** Nll of each row of `batch` from the logits of an inference graph, which is run over one row after the other. */
async function inferred(config: LlamaConfig, model: ModelProto, adapter: () => Record<string, unknown> = () => ({})): Promise<number[]> {
  const session = await nodeRuntime.createSession(encodeModel(model));
  const result: number[] = [];
  for (const [r, { ids, mask }] of rows.entries()) {
    const length = ids.length - 1;
    const int64 = (values: number[], dims: number[]) => nodeRuntime.tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);
    const past = Array.from({ length: config.layers }, (_, layer) =>
      ['key', 'value'].map(side => [
        `past_key_values.${layer}.${side}`,
        nodeRuntime.tensor('float32', new Float32Array(0), [1, config.kvHeads, 0, config.headDim]),
      ]),
    ).flat();
    const out = await session.run({
      ...(Object.fromEntries(past) as Record<string, never>),
      ...(adapter() as Record<string, never>),
      input_ids: int64(ids.slice(0, -1), [1, length]),
      attention_mask: int64(Array<number>(length).fill(1), [1, length]),
    });
    const logits = await nodeRuntime.read(out.logits!);
    let sum = 0;
    for (let t = 0; t < length; t++) {
      const row = [...logits.subarray(t * config.vocab, (t + 1) * config.vocab)];
      if (mask[t + 1]) sum += Math.log(row.reduce((s, x) => s + Math.exp(x), 0)) - row[ids[t + 1]!]!;
    }
    result[r] = sum;
  }
  await session.release();
  return result;
}

const off = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
const nllOf = async (stepper: TrainStepper, b: Batch, adapter = true) => (await stepper.evaluate(b, { adapter })).nll;

function transposed({ dims, data }: Weights[string]): Float32Array {
  const [rowsOf, columns] = dims as [number, number];
  return data.map((_, i) => data[(i % rowsOf) * columns + Math.floor(i / rowsOf)]!);
}
/** Trained tensors as the modules `writeAdapter` takes. */
const modulesOf = (trained: Weights): Map<string, AdapterModule> =>
  new Map(
    Object.keys(trained)
      .filter(name => name.endsWith('.lora_A.weight'))
      .map(name => {
        const [a, b] = [trained[name]!, trained[name.replace('lora_A', 'lora_B')]!];
        const [rank, K] = a.dims as [number, number];
        return [name.replace('.lora_A.weight', ''), { rank, K, N: b.dims[0]!, A: transposed(a), B: transposed(b) }];
      }),
  );

describe.each(Object.entries(families))('%s', (_, config) => {
  it('fully trained weights give the inference graph the likelihoods the trainer evaluated', async () => {
    const stepper = await TrainStepper.create(runtime(), config, randomWeights(config, seeded(2)), { mode: 'full' });
    for (let i = 0; i < 3; i++) {
      expect(off(await inferred(config, buildLlama(config, stepper.exportWeights())), await nllOf(stepper, batch))).toBeLessThan(2e-4);
      await stepper.step(batch, rates);
    }
    await stepper.dispose();
  });

  it('a trained adapter goes through PEFT files into the inference graph; the base is still the base', async () => {
    const weights = randomWeights(config, seeded(2));
    const options = { mode: { r: 3, alpha: 6 } };
    const adapters = initialAdapters(emitTrainStep(config, weights, options).trainables, seeded(4));
    const stepper = await TrainStepper.create(runtime(), config, { ...weights, ...adapters }, options);
    const before = await nllOf(stepper, batch);
    for (let i = 0; i < 6; i++) await stepper.step(batch, rates);
    const [tuned, untouched] = [await nllOf(stepper, batch), await nllOf(stepper, batch, false)];
    expect(untouched).toEqual(before);
    expect(off(tuned, before)).toBeGreaterThan(1);
    const modules = modulesOf(stepper.exportWeights());
    await stepper.dispose();

    const layouts: LlamaOptions[] = [{}, { qkv: 'packed-split' }];
    for (const layout of layouts) {
      const prepared = prepareGraph(buildLlama(config, weights, layout), { gather: false });
      const run = (adapter: MappedAdapter | null) =>
        inferred(config, prepared.model, () =>
          Object.fromEntries(
            Object.entries(stackAdapters(prepared.modules, [adapter])).map(([name, { type, data, dims }]) => [
              name,
              nodeRuntime.tensor(type, data, dims),
            ]),
          ),
        );
      const home = async (own: ReadonlyMap<string, AdapterModule>, alpha = 6) => {
        const files = writeAdapter(own, { alpha, baseModel: null });
        return run(mapAdapter(readAdapter(files['adapter_config.json'], files['adapter_model.safetensors']).modules, prepared.modules));
      };
      expect(off(await home(modules), tuned)).toBeLessThan(2e-4);
      expect(off(await run(null), before)).toBeLessThan(2e-4);

      // What a wrong file would do is far above the bound.
      const name = 'model.layers.1.self_attn.q_proj';
      const one = modules.get(name)!;
      const without = new Map([...modules].filter(([path]) => path !== name));
      const dims = [one.K, one.rank];
      const turned = new Map(modules).set(name, { ...one, A: transposed({ dims, data: one.A }) });
      const [up, gate] = ['up_proj', 'gate_proj'].map(last => `model.layers.0.mlp.${last}`) as [string, string];
      const swapped = new Map(modules).set(up, modules.get(gate)!).set(gate, modules.get(up)!);
      for (const wrong of [home(modules, 12), home(without), home(turned), home(swapped)])
        expect(off(await wrong, tuned)).toBeGreaterThan(2e-3);
    }
  });
});
