import { expect, it } from 'vitest';
import { stackAdapters } from './feeds';
import { mergeAdapter, randomAdapter } from './fixtures/adapters';
import { greedy } from './fixtures/greedy';
import { inHalfPrecision } from './fixtures/half-precision';
import { buildLayout } from './fixtures/layouts';
import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { randomWeights, tinyConfig as config } from './fixtures/weights';
import { graphOf } from './graph-index';
import { mapAdapter } from './mapping';
import { DataType, encodeModel } from './proto';
import { prepareGraph } from './surgery';

it('a graph that computes in halves takes adapters in halves, and gives likelihoods in floats', async () => {
  const weights = randomWeights(config);
  const { model, modules } = prepareGraph(inHalfPrecision(buildLayout(config, weights, 'genai-packed')), { nll: true });
  expect(modules.every(m => m.dataType === DataType.float16)).toBe(true);
  expect(graphOf(model).output.find(o => o.name === 'nll')!.type!.tensorType!.elemType).toBe(DataType.float);

  const prompts = [[1, 2, 3, 4, 5], [60, 70], [8]];
  const adapters = [randomAdapter(config, { rank: 4, seed: 1 }), null, randomAdapter(config, { rank: 2, seed: 2 })];
  const feeds = stackAdapters(
    modules,
    adapters.map(a => a && mapAdapter(a, modules)),
  );
  const session = await nodeRuntime.createSession(encodeModel(model));
  const targets = nodeRuntime.tensor('int64', BigInt64Array.of(9n, 9n, 9n), [3, 1, 1]);
  const seen: Float32Array[] = [];
  const scoring = {
    release: () => session.release(),
    run: async (input: Parameters<typeof session.run>[0]) => {
      const result = await session.run({ ...input, targets });
      seen.push(await nodeRuntime.read(result.nll!));
      return result;
    },
  };
  const got = await greedy(nodeRuntime, scoring, config, prompts, 1, feeds, 'float16');
  for (const [i, adapter] of adapters.entries()) {
    const merged = buildLayout(config, adapter ? mergeAdapter(weights, adapter) : weights, 'emitter');
    const reference = await nodeRuntime.createSession(encodeModel(prepareGraph(merged, { lora: false }).model));
    const [want] = await greedy(nodeRuntime, reference, config, [prompts[i]!], 1);
    const logits = want!.logits[0]!;
    const worst = logits.reduce((m, v, j) => Math.max(m, Math.abs(v - got[i]!.logits[0]![j]!)), 0);
    // Halves have 11 bits; logits here reach 8.
    expect(worst).toBeLessThan(0.03);
    const nll = Math.log(logits.reduce((sum, v) => sum + Math.exp(v), 0)) - logits[9]!;
    expect(Math.abs(seen[0]![i]! - nll)).toBeLessThan(0.03);
    await reference.release();
  }
  await session.release();
});
