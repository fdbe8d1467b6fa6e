import { describe, expect, it } from 'vitest';
import { stackAdapters } from './feeds';
import { denseDelta, randomAdapter } from './fixtures/adapters';
import { buildLayout, type Layout } from './fixtures/layouts';
import { randomWeights, tinyConfig } from './fixtures/weights';
import { fromHalves } from './half';
import { AdapterMismatch, mapAdapter, planAdapter } from './mapping';
import type { AdapterModule } from './peft';
import { DataType } from './proto';
import { resolveProjections, type Projection } from './resolve';

const weights = randomWeights(tinyConfig);
const resolve = (layout: Layout) => resolveProjections(buildLayout(tinyConfig, weights, layout));
const attention = 'model.layers.1.self_attn.';
const mlp = 'model.layers.1.mlp.';
const adapter = (seed = 5, rank = 3) => randomAdapter(tinyConfig, { rank, seed });
const only = (modules: Map<string, AdapterModule>, ...paths: string[]) => new Map(paths.map(p => [p, modules.get(p)!]));
/** A·B of what was mapped, [N, K]. */
const dense = (mapped: ReturnType<typeof mapAdapter>, { name, K, N }: Projection) => denseDelta({ ...mapped.get(name)!, K, N });
const close = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length);
  expect(a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0)).toBeLessThan(1e-6);
};

describe('an adapter on a graph', () => {
  it('goes straight onto projections of the same name', () => {
    const { projections } = resolve('genai');
    const modules = adapter();
    const mapped = mapAdapter(modules, projections);
    expect([...mapped.keys()].sort()).toEqual([...modules.keys()].sort());
    for (const [path, { rank, A, B }] of modules) expect(mapped.get(path)).toEqual({ rank, A, B });
    expect(planAdapter(modules, projections).how).toEqual({ direct: 14, slice: 0, packed: 0 });
  });

  it.each(['genai-packed', 'packed-split'] as const)('goes onto its columns of a fused one, each part by itself: %s', layout => {
    const { projections } = resolve(layout);
    const modules = only(adapter(), ...['q_proj', 'v_proj'].map(p => attention + p));
    const fused = projections.find(p => p.name === `${attention}qkv_proj`)!;
    const mapped = mapAdapter(modules, projections);
    expect([...mapped.keys()]).toEqual([fused.name]);
    expect(mapped.get(fused.name)!.rank).toBe(6);
    const [q, v] = [...modules.values()].map(denseDelta) as [Float32Array, Float32Array];
    close(dense(mapped, fused), Float32Array.of(...q, ...new Float32Array(32 * 64), ...v));
  });

  it('of a fused checkpoint is divided among the parts, which share A', () => {
    const { projections } = resolve('emitter');
    const fusedModel = resolve('gate-up').projections.find(p => p.name === `${mlp}gate_up_proj`)!;
    const one = (path: string, K: number, N: number): [string, AdapterModule] => {
      const next = (n: number, s: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(s + i * 1.7));
      return [path, { rank: 2, K, N, A: next(K * 2, 1), B: next(2 * N, 2) }];
    };
    const modules = new Map([one(`${attention}qkv_proj`, 64, 128), one(`${mlp}gate_up_proj`, fusedModel.K, fusedModel.N)]);
    expect(planAdapter(modules, projections).how).toEqual({ direct: 0, slice: 0, packed: 2 });
    const mapped = mapAdapter(modules, projections);
    const stacked = (...names: string[]) =>
      Float32Array.of(
        ...names.flatMap(n => [
          ...dense(
            mapped,
            projections.find(p => p.name === n)!,
          ),
        ]),
      );
    close(stacked(...['q', 'k', 'v'].map(n => `${attention}${n}_proj`)), denseDelta(modules.get(`${attention}qkv_proj`)!));
    close(stacked(`${mlp}gate_proj`, `${mlp}up_proj`), denseDelta(modules.get(`${mlp}gate_up_proj`)!));
  });

  it('made for gate and up goes onto a fused product of both', () => {
    const { projections } = resolve('gate-up');
    const modules = only(adapter(), `${mlp}gate_proj`, `${mlp}up_proj`);
    const mapped = mapAdapter(modules, projections);
    const [gate, up] = [...modules.values()].map(denseDelta) as [Float32Array, Float32Array];
    close(
      dense(
        mapped,
        projections.find(p => p.name === `${mlp}gate_up_proj`)!,
      ),
      Float32Array.of(...gate, ...up),
    );
  });

  const sized = (path: string, K: number, N: number) => new Map([[path, { K, N }]]);
  const mismatches: [string, Layout, ReadonlyMap<string, { K: number; N: number }>, string, RegExp][] = [
    [
      'no place',
      'emitter',
      sized('model.layers.2.self_attn.q_proj', 64, 64),
      'model.layers.2.self_attn.q_proj',
      /no projection of this name/,
    ],
    ['a name that every object has', 'emitter', sized('model.toString', 64, 64), 'model.toString', /no projection/],
    ['a refused place', 'emitter', sized('lm_head', 64, 320), 'lm_head', /take no adapter/],
    ['a wrong input', 'emitter', sized(`${attention}q_proj`, 32, 64), `${attention}q_proj`, /made for 32→64, the graph has 64→64/],
    ['a transposed matrix', 'emitter', sized(`${mlp}up_proj`, 128, 64), `${mlp}up_proj`, /made for 128→64/],
    ['a wrong part', 'genai-packed', sized(`${attention}k_proj`, 64, 64), `${attention}k_proj`, /the graph has 64→32/],
    ['a wrong pack', 'emitter', sized(`${attention}qkv_proj`, 64, 129), `${attention}qkv_proj`, /the graph has 64→128/],
    ['nothing in it', 'emitter', new Map(), '', /no modules/],
    [
      'a rival',
      'genai-packed',
      new Map([...sized(`${attention}qkv_proj`, 64, 128), ...sized(`${attention}q_proj`, 64, 64)]),
      `${attention}q_proj`,
      /already adapts/,
    ],
  ];
  it.each(mismatches)('is refused with %s', (_, layout, modules, module, reason) => {
    const { projections, refusals } = resolve(layout);
    let error: unknown;
    try {
      planAdapter(modules, projections, refusals);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AdapterMismatch);
    expect((error as AdapterMismatch).module).toBe(module);
    expect((error as AdapterMismatch).reason).toMatch(reason);
  });

  it('is refused where the graph hides the parts of a fused one', () => {
    const projections = resolve('packed-split').projections.map(p => ({ ...p, slices: undefined }));
    expect(() => planAdapter(sized(`${attention}q_proj`, 64, 64), projections)).toThrow(/does not show how/);
  });
});

describe('feeds', () => {
  const modules = [
    { name: 'a', K: 2, N: 3, dataType: DataType.float },
    { name: 'b', K: 3, N: 2, dataType: DataType.float16 },
  ];
  const one = { rank: 1, A: Float32Array.of(1, 2), B: Float32Array.of(3, 4, 5) };
  const two = { rank: 2, A: Float32Array.of(1, 2, 3, 4), B: Float32Array.of(5, 6, 7, 8, 9, 10) };

  it('stand row by row, smaller ranks filled with zeros', () => {
    const feeds = stackAdapters(modules, [new Map([['a', one]]), null, new Map([['a', two]])]);
    expect(feeds['a.lora_A.weight']).toEqual({
      type: 'float32',
      dims: [3, 2, 2],
      data: Float32Array.of(1, 0, 2, 0, 0, 0, 0, 0, 1, 2, 3, 4),
    });
    expect(feeds['a.lora_B.weight']!.dims).toEqual([3, 2, 3]);
    expect([...feeds['a.lora_B.weight']!.data]).toEqual([3, 4, 5, 0, 0, 0, ...Array<number>(6).fill(0), 5, 6, 7, 8, 9, 10]);
    expect(feeds['b.lora_A.weight']).toEqual({ type: 'float16', dims: [3, 3, 1], data: new Uint16Array(9) });
    expect(stackAdapters(modules, [null], 0)['a.lora_A.weight']).toEqual({ type: 'float32', dims: [1, 2, 0], data: new Float32Array(0) });
  });

  it('are halves where the graph computes in halves', () => {
    const feeds = stackAdapters(modules, [new Map([['b', { rank: 1, A: Float32Array.of(1, 0.5, -2), B: Float32Array.of(3, 4) }]])]);
    expect([...fromHalves(feeds['b.lora_A.weight']!.data)]).toEqual([1, 0.5, -2]);
  });

  it('are refused for modules the graph does not have, or of another size', () => {
    expect(() => stackAdapters(modules, [new Map([['c', one]])])).toThrow(/no adapter input for c/);
    expect(() => stackAdapters(modules, [new Map([['b', one]])])).toThrow(/b is 3×2/);
  });
});
