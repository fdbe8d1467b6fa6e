import { describe, expect, it } from 'vitest';
import { mapAdapter } from './mapping';
import { stackAdapters } from './feeds';
import { denseDelta, randomAdapter } from './fixtures/adapters';
import { greedy, type GreedyRow } from './fixtures/greedy';
import { buildLayout, moduleOf, type Layout } from './fixtures/layouts';
import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { effectiveWeights, quantiseModel } from './fixtures/quantise';
import { randomWeights, tinyConfig as config } from './fixtures/weights';
import { graphOf } from './graph-index';
import { DataType, encodeModel, type ModelProto, type ValueInfoProto } from './proto';
import { prepareGraph, type PrepareOptions } from './surgery';

const prompts = ['hello world', 'a', 'the quick brown fox'].map(text => [...new TextEncoder().encode(text)]);
const weights = randomWeights(config);
const int8 = (layout: Layout): ModelProto => quantiseModel(buildLayout(config, weights, layout), 'int8-dynamic');
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce<number>((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

async function decode(model: ModelProto, rows: number[][], options: PrepareOptions, steps = 4): Promise<GreedyRow[]> {
  const session = await nodeRuntime.createSession(encodeModel(prepareGraph(model, options).model));
  const out = await greedy(nodeRuntime, session, config, rows, steps);
  await session.release();
  return out;
}

const halfEven = (v: number): number => {
  const below = Math.floor(v);
  const rest = v - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
};

/** The specification in plain numbers: one scale per row of x, integers multiplied exactly. x [rows, K], W [K, N] → [rows, N] */
function int8Product(x: Float32Array, codes: Int8Array, scales: Float32Array, K: number, N: number): Float64Array {
  const rows = x.length / K;
  const out = new Float64Array(rows * N);
  for (let row = 0; row < rows; row++) {
    const own = x.subarray(row * K, (row + 1) * K);
    const scale = Math.fround(own.reduce((m, v) => Math.max(m, Math.abs(v)), 0) / 127);
    const rounded = own.map(v => halfEven(Math.fround(v / scale)));
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += rounded[k]! * codes[k * N + n]!;
      out[row * N + n] = sum * scale * scales[n]!;
    }
  }
  return out;
}

describe('int8 activations, quantised per token', () => {
  it('makes rows independent of their neighbours, which one scale for the whole batch does not', async () => {
    for (const [rowQuantisation, low, high] of [
      [true, 0, 1e-4],
      [false, 1e-3, Infinity],
    ] as const) {
      const options = { lora: false, rowQuantisation };
      const together = await decode(int8('genai'), prompts, options, 1);
      let difference = 0;
      for (const [i, prompt] of prompts.entries()) {
        const [alone] = await decode(int8('genai'), [prompt], options, 1);
        difference = Math.max(difference, worst(alone!.logits[0]!, together[i]!.logits[0]!));
      }
      expect(difference, `per token: ${rowQuantisation}`).toBeGreaterThanOrEqual(low);
      expect(difference, `per token: ${rowQuantisation}`).toBeLessThanOrEqual(high);
    }
  });

  it.each(['emitter', 'torchscript-bias', 'genai-packed'] as const)(
    'stays nearer to float weights than the batch scale: %s',
    async layout => {
      const float = await decode(buildLayout(config, effectiveWeights(weights, 'int8-dynamic'), layout), prompts, { lora: false }, 1);
      const distance = async (rowQuantisation: boolean) => {
        const rows = await decode(int8(layout), prompts, { lora: false, rowQuantisation }, 1);
        const all = rows.flatMap((row, i) => [...row.logits[0]!].map((v, j) => (v - float[i]!.logits[0]![j]!) ** 2));
        return Math.sqrt(all.reduce((a, b) => a + b) / all.length);
      };
      const [byRow, byBatch] = [await distance(true), await distance(false)];
      expect(byRow).toBeLessThan(byBatch);
      expect(byRow).toBeLessThan(0.1);
    },
  );

  it('rounds: the last bit of a float moves single rows by a tenth, on one device too, so that devices may differ by as much', async () => {
    const longer = [...prompts, ...['the quick brown fox jumps over', 'zz top', 'nobody'].map(text => [...new TextEncoder().encode(text)])];
    const speak = (nudge: number): Promise<GreedyRow[]> => {
      const own = randomWeights(config);
      for (const [name, weight] of Object.entries(own))
        if (/norm|embed/.test(name)) weight.data = weight.data.map((value, i) => value * (1 + (i % 2 ? nudge : -nudge)));
      return decode(quantiseModel(buildLayout(config, own, 'genai'), 'int8-dynamic'), longer, { lora: false }, 8);
    };
    const [base, moved] = [await speak(0), await speak(1e-7)];
    const differences = base
      .flatMap((row, i) => row.logits.map((logits, step) => worst(logits, moved[i]!.logits[step]!)))
      .sort((a, b) => a - b);
    expect(differences[differences.length >> 1]).toBeLessThan(1e-5);
    expect(differences.at(-1)).toBeGreaterThan(0.02);
    expect(differences.at(-1)).toBeLessThan(0.5);
  });

  it('each projection of a running model is the int8 base plus the float adapter', async () => {
    const plain = graphOf(buildLayout(config, weights, 'emitter'));
    const model = int8('emitter');
    const { model: edited, modules } = prepareGraph(model);
    const where = new Map(
      plain.node.flatMap(n => (moduleOf(n) ? [[moduleOf(n)!, { x: n.input[0]!, y: n.output[0]!, weight: n.input[1]! }]] : [])),
    );
    const shown = new Set([...where.values()].flatMap(({ x, y }) => [x, y]));
    const output: ValueInfoProto[] = [...shown].map(name => ({ name, type: { tensorType: { elemType: DataType.float } } }));
    const graph = graphOf(edited);
    const session = await nodeRuntime.createSession(encodeModel({ ...edited, graph: { ...graph, output: [...graph.output, ...output] } }));
    const adapters = [3, 5].map((rank, i) => randomAdapter(config, { rank, seed: 20 + i }));
    const agents = [0, null, 1];
    const feeds = stackAdapters(
      modules,
      agents.map(a => (a === null ? null : mapAdapter(adapters[a]!, modules))),
    );
    const seen: Record<string, Float32Array> = {};
    const watching = {
      release: () => session.release(),
      run: async (input: Parameters<typeof session.run>[0]) => {
        const result = await session.run(input);
        for (const name of shown) seen[name] = await nodeRuntime.read(result[name]!);
        return result;
      },
    };
    await greedy(nodeRuntime, watching, config, prompts, 1, feeds);
    await session.release();

    const stored = new Map(graphOf(model).initializer.map(t => [t.name, t]));
    expect(where.size).toBe(14);
    for (const [path, { x, y, weight }] of where) {
      const codes = stored.get(`${weight}_quantized`)!;
      const scales = new Float32Array(new Uint8Array(stored.get(`${weight}_scale`)!.rawData!).buffer);
      const [K, N] = codes.dims.map(Number) as [number, number];
      const { buffer } = new Uint8Array(codes.rawData!);
      const want = int8Product(seen[x]!, new Int8Array(buffer), scales, K, N);
      const width = want.length / N / agents.length;
      agents.forEach((agent, row) => {
        if (agent === null) return;
        const delta = denseDelta(adapters[agent]!.get(path)!);
        for (let t = row * width; t < (row + 1) * width; t++)
          for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) want[t * N + n]! += seen[x]![t * K + k]! * delta[n * K + k]!;
      });
      expect(worst(seen[y]!, want), path).toBeLessThan(2e-5);
    }
  });

  it('leaves a quantisation alone that something else reads', () => {
    const model = int8('emitter');
    const graph = graphOf(model);
    const scale = graph.node.find(n => n.opType === 'DynamicQuantizeLinear')!.output[1]!;
    const reader = { ...graph.node[0]!, opType: 'Identity', name: 'reader', attribute: [], input: [scale], output: ['copy'] };
    const edited = (m: ModelProto) => {
      const prepared = prepareGraph(m, { lora: false });
      return { left: graphOf(prepared.model).node.filter(n => n.opType === 'DynamicQuantizeLinear').length, mixesRows: prepared.mixesRows };
    };
    expect(edited(model)).toEqual({ left: 0, mixesRows: false });
    expect(edited({ ...model, graph: { ...graph, node: [...graph.node, reader] } })).toEqual({ left: 1, mixesRows: true });
  });
});
