// What this room believes about the runtime, on the version that is installed. When one of these fails, read the comment and think again.
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { stackAdapters } from './feeds';
import { randomAdapter } from './fixtures/adapters';
import { greedy } from './fixtures/greedy';
import { buildLayout } from './fixtures/layouts';
import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { quantiseModel } from './fixtures/quantise';
import { randomWeights, tinyConfig as config } from './fixtures/weights';
import { tensorProto } from './graph';
import { graphOf, nodeProto } from './graph-index';
import { loraA, loraB } from './lora-surgery';
import { mapAdapter } from './mapping';
import { DataType, encodeModel, type ModelProto } from './proto';
import { prepareGraph } from './surgery';

const weights = randomWeights(config);
const model = (): ModelProto => buildLayout(config, weights, 'genai');
const prompts = [[1, 2, 3, 4, 5], [6, 7], [8]];
const decode = async (m: ModelProto, feeds = {}) => {
  const session = await nodeRuntime.createSession(encodeModel(m));
  const out = await greedy(nodeRuntime, session, config, prompts, 3, feeds);
  await session.release();
  return out.flatMap(row => row.logits.flatMap(l => [...l]));
};
const worst = (a: number[], b: number[]) => a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

describe('onnxruntime', () => {
  it('silently ignores feeds for inputs that have a default, so adapters must be required inputs', async () => {
    const { model: edited, modules } = prepareGraph(model());
    const graph = graphOf(edited);
    const defaults = modules.flatMap(({ name, K, N }) => [
      tensorProto(loraA(name), [1, K, 1], DataType.float, new Uint8Array(4 * K)),
      tensorProto(loraB(name), [1, 1, N], DataType.float, new Uint8Array(4 * N)),
    ]);
    const optional = { ...edited, graph: { ...graph, initializer: [...graph.initializer, ...defaults] } };
    const session = await ort.InferenceSession.create(encodeModel(optional), { logSeverityLevel: 3 });
    expect(session.inputNames.filter(n => n.includes('lora'))).toEqual([]);
    await session.release();
    const adapter = mapAdapter(randomAdapter(config, { rank: 2, seed: 1 }), modules);
    const feeds = stackAdapters(
      modules,
      prompts.map(() => adapter),
    );
    const base = await decode(prepareGraph(model(), { lora: false }).model);
    expect(worst(await decode(optional, feeds), base)).toBe(0);
    expect(worst(await decode(edited, feeds), base)).toBeGreaterThan(0.1);
  });

  it('refuses to run while an adapter input is missing', async () => {
    const { model: edited, modules } = prepareGraph(model());
    const feeds = stackAdapters(
      modules,
      prompts.map(() => null),
    );
    delete feeds[loraB(modules[3]!.name)];
    await expect(decode(edited, feeds)).rejects.toThrow(modules[3]!.name);
  });

  it('multiplies through rank 0, and takes another rank in the next run and in the next module', async () => {
    const { model: edited, modules } = prepareGraph(model());
    const base = await decode(prepareGraph(model(), { lora: false }).model);
    const none = prompts.map(() => null);
    expect(worst(await decode(edited, stackAdapters(modules, none, 0)), base)).toBe(0);
    expect(worst(await decode(edited, stackAdapters(modules, none, 1)), base)).toBe(0);

    const session = await nodeRuntime.createSession(encodeModel(edited));
    const adapters = [1, 8, 3].map((rank, i) =>
      mapAdapter(randomAdapter(config, { rank, seed: i, targets: i ? undefined : ['v_proj'] }), modules),
    );
    const alone = async (i: number) => greedy(nodeRuntime, session, config, [prompts[i]!], 3, stackAdapters(modules, [adapters[i]!], 0));
    const mixed = await greedy(nodeRuntime, session, config, prompts, 3, stackAdapters(modules, adapters, 0));
    for (const i of prompts.keys()) {
      const [one] = await alone(i);
      expect(one!.tokens).toEqual(mixed[i]!.tokens);
      expect(
        worst(
          one!.logits.flatMap(l => [...l]),
          mixed[i]!.logits.flatMap(l => [...l]),
        ),
      ).toBeLessThan(2e-5);
    }
    await session.release();
  });

  it('fuses a per-token scale with a bias into an operation that knows one scale: the order of row quantisation avoids it', async () => {
    const biased = quantiseModel(buildLayout(config, weights, 'torchscript-bias'), 'int8-dynamic');
    const good = prepareGraph(biased, { lora: false }).model;
    // The usual order, sum · (x scale · w scale), put back where the edit wrote (sum · w scale) · x scale.
    const graph = graphOf(good);
    const halves = new Map(graph.node.filter(n => n.output[0]!.endsWith('/by_weight_scale')).map(n => [n.output[0]!, n]));
    expect(halves.size).toBeGreaterThan(10);
    const usual = graph.node.flatMap(n => {
      const half = halves.get(n.input[0] ?? '');
      if (halves.has(n.output[0]!)) return [];
      return half
        ? [
            nodeProto('Mul', [n.input[1]!, half.input[1]!], [`${half.output[0]}/scale`]),
            { ...n, input: [half.input[0]!, `${half.output[0]}/scale`] },
          ]
        : [n];
    });
    const exact = {
      ...nodeRuntime,
      createSession: (m: Uint8Array) => ort.InferenceSession.create(m, { graphOptimizationLevel: 'disabled' as const }),
    };
    const unfused = await greedy(exact, await exact.createSession(encodeModel(good)), config, prompts, 3);
    const truth = unfused.flatMap(row => row.logits.flatMap(l => [...l]));
    expect(worst(await decode(good), truth)).toBeLessThan(1e-3);
    expect(worst(await decode({ ...good, graph: { ...graph, node: usual } }), truth)).toBeGreaterThan(1);
  });

  it('rounds activations of QDQ weights to int8 unless told not to', async () => {
    const qdq = prepareGraph(quantiseModel(model(), 'int8-qdq'), { lora: false }).model;
    const usual = { ...nodeRuntime, createSession: (m: Uint8Array) => ort.InferenceSession.create(m) };
    const rounded = (await greedy(usual, await usual.createSession(encodeModel(qdq)), config, prompts, 1))[0]!.logits[0]!;
    const session = await nodeRuntime.createSession(encodeModel(qdq));
    const right = (await greedy(nodeRuntime, session, config, prompts, 1))[0]!.logits[0]!;
    expect(worst([...rounded], [...right])).toBeGreaterThan(1e-3);
  });
});
