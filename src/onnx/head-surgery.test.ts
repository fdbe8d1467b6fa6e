import type * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildLayout } from './fixtures/layouts';
import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { quantiseModel, type Scheme } from './fixtures/quantise';
import { randomWeights, tinyConfig as config } from './fixtures/weights';
import { tensorProto, valueInfo } from './graph';
import { graphOf, GraphError, nodeProto } from './graph-index';
import { decodeModel, encodeModel, type GraphProto, type ModelProto } from './proto';
import { prepareGraph } from './surgery';

const weights = randomWeights(config);
const rows = [
  [5, 77, 12, 300],
  [9, 250],
];
const width = 4;
const int64 = (values: number[], dims: number[]) => nodeRuntime.tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);
const inputs = () => ({
  input_ids: int64(
    rows.flatMap(r => [...r, ...Array<number>(width - r.length).fill(0)]),
    [2, width],
  ),
  attention_mask: int64(
    rows.flatMap(r => Array.from({ length: width }, (_, i) => +(i < r.length))),
    [2, width],
  ),
  ...Object.fromEntries(
    Array.from({ length: config.layers }, (_, l) => ['key', 'value'].map(side => `past_key_values.${l}.${side}`))
      .flat()
      .map(name => [name, nodeRuntime.tensor('float32', new Float32Array(0), [2, config.kvHeads, 0, config.headDim])]),
  ),
});

async function run(model: ModelProto, feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await nodeRuntime.createSession(encodeModel(model));
  const result = await session.run({ ...inputs(), ...feeds });
  await session.release();
  return { ...result };
}
const floats = (t: ort.Tensor | undefined) => t!.data as Float32Array;
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce<number>((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);
const logSumExp = (x: Float32Array) => {
  const most = x.reduce((a, b) => Math.max(a, b));
  return most + Math.log(x.reduce((sum, v) => sum + Math.exp(v - most), 0));
};

/** logits of all positions, and of positions 1, then 3 and 1 */
const where = [1, 3, 1, 0];
const index = { logits_index: int64(where, [2, 2, 1]) };
const bare = (scheme: Scheme) => quantiseModel(buildLayout(config, weights, 'genai'), scheme);
const picked = (all: Float32Array) =>
  where.map((at, i) => all.slice(((i >> 1) * width + at) * config.vocab, ((i >> 1) * width + at + 1) * config.vocab));

describe('heads', () => {
  it.each(['fp32', 'int4', 'int8-dynamic', 'int8-qdq'] as const)(
    'logits only of the wanted positions, the same as before: %s',
    async scheme => {
      // The batch scale of int8 would depend on which positions reach the head.
      const row = { lora: false };
      const before = await run(prepareGraph(bare(scheme), { ...row, gather: false }).model, {});
      const after = await run(prepareGraph(bare(scheme), row).model, index);
      expect(after.logits!.dims).toEqual([2, 2, config.vocab]);
      expect(
        worst(
          floats(after.logits),
          picked(floats(before.logits)).flatMap(l => [...l]),
        ),
      ).toBeLessThan(1e-5);
    },
  );

  it('likelihood of targets and best tokens equal what plain arithmetic makes of the logits', async () => {
    const targets = [3, 77, 319, 0];
    const model = prepareGraph(bare('fp32'), { lora: false, nll: true, top: 5 }).model;
    const result = await run(model, { ...index, targets: int64(targets, [2, 2, 1]) });
    const logits = targets.map((_, i) => floats(result.logits).slice(i * config.vocab, (i + 1) * config.vocab));
    logits.forEach((row, i) => {
      const sum = logSumExp(row);
      expect(floats(result.logsumexp)[i]).toBeCloseTo(sum, 5);
      expect(floats(result.nll)[i]).toBeCloseTo(sum - row[targets[i]!]!, 5);
      const best = [...row.keys()].sort((a, b) => row[b]! - row[a]!).slice(0, 5);
      expect([...(result.top_ids!.data as BigInt64Array)].slice(5 * i, 5 * i + 5).map(Number)).toEqual(best);
      expect([...floats(result.top_values)].slice(5 * i, 5 * i + 5)).toEqual(best.map(id => row[id]));
    });
    const alone = prepareGraph(bare('fp32'), { lora: false, nll: true, dropLogits: true }).model;
    expect(graphOf(alone).output.map(o => o.name)).not.toContain('logits');
    const again = await run(alone, { ...index, targets: int64(targets, [2, 2, 1]) });
    expect([...floats(again.nll)]).toEqual([...floats(result.nll)]);
  });

  it('find the product behind casts, scaling and soft capping, and forget the shapes declared before', async () => {
    const model = bare('fp32');
    const graph = graphOf(model);
    const scalar = (name: string, value: number) => tensorProto(name, [], 1, new Uint8Array(Float32Array.of(value).buffer));
    const capped: GraphProto = {
      ...graph,
      node: [
        ...graph.node.map(n => ({ ...n, output: n.output.map(o => (o === 'logits' ? 'raw' : o)) })),
        nodeProto('Div', ['raw', 'cap'], ['divided']),
        nodeProto('Tanh', ['divided'], ['bent']),
        nodeProto('Mul', ['bent', 'cap'], ['logits']),
      ],
      initializer: [...graph.initializer, scalar('cap', 3)],
      valueInfo: [
        valueInfo('raw', 1, ['batch_size', 'sequence_length', config.vocab]),
        valueInfo('bent', 1, ['batch_size', 'sequence_length', config.vocab]),
      ],
    };
    const edited = prepareGraph({ ...model, graph: capped }, { lora: false }).model;
    expect(graphOf(edited).valueInfo).toEqual([]);
    const plain = await run(prepareGraph(model, { lora: false }).model, index);
    const result = await run(edited, index);
    expect(
      worst(
        floats(result.logits),
        floats(plain.logits).map(v => 3 * Math.tanh(v / 3)),
      ),
    ).toBeLessThan(1e-5);
  });

  it('need logits that come from a product', () => {
    const model = bare('fp32');
    const graph = graphOf(model);
    const change = (part: Partial<GraphProto>) => () => prepareGraph({ ...model, graph: { ...graph, ...part } }, { lora: false });
    expect(change({ output: graph.output.filter(o => o.name !== 'logits') })).toThrow(GraphError);
    const circle = [nodeProto('Add', ['there', 'there'], ['logits']), nodeProto('Mul', ['logits', 'there'], ['there'])];
    expect(change({ node: [...graph.node.filter(n => !n.output.includes('logits')), ...circle] })).toThrow(/no weight product/);
    expect(change({ node: graph.node.map(n => (n.output.includes('logits') ? { ...n, opType: 'Mystery' } : n)) })).toThrow(
      /no weight product/,
    );
  });
});

describe('weights as external data', () => {
  it.each(['fp32', 'int4', 'int8-dynamic'] as const)('stay in the file they came from, with equal results: %s', async scheme => {
    const file = encodeModel(bare(scheme));
    const options = { lora: false, nll: false } as const;
    const small = encodeModel(prepareGraph(decodeModel(file), { ...options, externalFile: 'model.onnx' }).model);
    expect(small.length).toBeLessThan(file.length / 5);
    const session = await nodeRuntime.createSession(small, { externalData: [{ path: 'model.onnx', data: file }] });
    const result = await session.run({ ...inputs(), ...index });
    const whole = await run(prepareGraph(decodeModel(file), options).model, index);
    expect([...floats(result.logits)]).toEqual([...floats(whole.logits)]);
  });

  it('leaves the model it was given as it was', () => {
    const file = encodeModel(bare('int8-dynamic'));
    const model = decodeModel(file);
    prepareGraph(model, { nll: true, top: 3, externalFile: 'model.onnx' });
    expect(Buffer.compare(encodeModel(model), file)).toBe(0);
  });
});
