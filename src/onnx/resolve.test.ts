import { describe, expect, it } from 'vitest';
import { buildLayout, type Layout } from './fixtures/layouts';
import { quantiseModel, type Scheme } from './fixtures/quantise';
import { randomWeights, tinyConfig } from './fixtures/weights';
import { tensorProto, valueInfo } from './graph';
import { graphOf, nodeProto } from './graph-index';
import { decodeModel, encodeModel, type ModelProto, type NodeProto } from './proto';
import { resolveProjections } from './resolve';
import { stemOfNode, stemOfWeight } from './stem';

const weights = randomWeights(tinyConfig);
const build = (layout: Layout, scheme: Scheme = 'fp32'): ModelProto =>
  // Through bytes, as a real file comes.
  decodeModel(encodeModel(quantiseModel(buildLayout(tinyConfig, weights, layout), scheme)));
const layer0 = (model: ModelProto) => resolveProjections(model).projections.filter(p => p.name.includes('.0.'));

describe('names', () => {
  it.each([
    ['/model/layers.3/attn/q_proj/MatMul', 'model.layers.3.self_attn.q_proj'],
    ['/model/layers.3/attn/q_proj/MatMul_Q4', 'model.layers.3.self_attn.q_proj'],
    ['/model/layers.3/attn/q_proj/MatMulNBits', 'model.layers.3.self_attn.q_proj'],
    ['/model/layers.3/attn/q_proj/MatMul_matmul_Q4', 'model.layers.3.self_attn.q_proj'],
    ['/model/layers.3/attn/q_proj/MatMul_DQ_Q4', 'model.layers.3.self_attn.q_proj'],
    ['/model/layers.3/attn/qkv_proj/MatMul_Q8', 'model.layers.3.self_attn.qkv_proj'],
    ['/model/layers.0/self_attn/q_proj/MatMul', 'model.layers.0.self_attn.q_proj'],
    ['/model/layers.0/mlp/down_proj/MatMul_quant', 'model.layers.0.mlp.down_proj'],
    ['/model/layers.0/self_attn/MatMul', 'model.layers.0.self_attn'],
    ['/model/layers.0/self_attn/MatMul_1', undefined],
    ['/model/layers.0/self_attn/q_proj/Add', undefined],
    ['_Q4', undefined],
    ['', undefined],
  ])('node %s → %s', (name, stem) => expect(stemOfNode(name)).toBe(stem));

  it.each([
    ['model.layers.0.attn.q_proj.MatMul.weight', 'model.layers.0.self_attn.q_proj'],
    ['model.layers.0.attn.q_proj.MatMul.weight_Q4', 'model.layers.0.self_attn.q_proj'],
    ['model.layers.0.attn.q_proj.MatMul.weight_Q4G32', 'model.layers.0.self_attn.q_proj'],
    ['model.layers.0.attn.q_proj.MatMulNBits.qweight', 'model.layers.0.self_attn.q_proj'],
    ['model.layers.0.mlp.up_proj.weight', 'model.layers.0.mlp.up_proj'],
    ['model.layers.0.mlp.up_proj.weight_quantized', 'model.layers.0.mlp.up_proj'],
    ['onnx::MatMul_92', undefined],
  ])('weight %s → %s', (name, stem) => expect(stemOfWeight(name)).toBe(stem));
});

describe('projections', () => {
  const [q, kv, hidden, ff] = [64, 32, 64, 128];
  const separate = { q_proj: [hidden, q], k_proj: [hidden, kv], v_proj: [hidden, kv] };
  const fused = { qkv_proj: [hidden, q + 2 * kv] };
  const mlp = { gate_proj: [hidden, ff], up_proj: [hidden, ff] };
  const wanted: [Layout, object][] = [
    ['emitter', { ...separate, ...mlp }],
    ['genai', { ...separate, ...mlp }],
    ['genai-packed', { ...fused, ...mlp }],
    ['genai-packed-split-bias', { ...fused, ...mlp }],
    ['packed-split', { ...fused, ...mlp }],
    ['torchscript', { ...separate, ...mlp }],
    ['weight-names', { ...separate, ...mlp }],
    ['gate-up', { ...separate, gate_up_proj: [hidden, 2 * ff] }],
    ['halves', { ...separate, ...mlp }],
  ];
  for (const scheme of ['fp32', 'int4', 'int4-zero-points', 'int8-dynamic', 'int8-qdq'] as const)
    it.each(wanted.filter(([layout]) => scheme === 'fp32' || layout !== 'halves'))(`are found in %s, ${scheme}`, (layout, parts) => {
      const found = layer0(build(layout, scheme)).map(p => [p.name, p.K, p.N]);
      const path = (last: string) => `model.layers.0.${/gate|up|down/.test(last) && !last.startsWith('qkv') ? 'mlp' : 'self_attn'}.${last}`;
      const all = { ...parts, o_proj: [q, hidden], down_proj: [ff, hidden] } as Record<string, [number, number]>;
      expect(found.sort()).toEqual(
        Object.entries(all)
          .map(([last, [K, N]]) => [path(last), K, N])
          .sort(),
      );
    });

  it('show how a fused one is divided: from attention, from a split behind a bias, from the config', () => {
    const slices = [
      { name: 'q_proj', start: 0, end: q },
      { name: 'k_proj', start: q, end: q + kv },
      { name: 'v_proj', start: q + kv, end: q + 2 * kv },
    ];
    for (const layout of ['genai-packed', 'genai-packed-split-bias', 'packed-split'] as const)
      expect(layer0(build(layout, 'int4')).find(p => p.name.endsWith('qkv_proj'))!.slices).toEqual(slices);
    const model = build('packed-split');
    const graph = graphOf(model);
    const blind = { ...model, graph: { ...graph, node: graph.node.map(n => (n.opType === 'Split' ? { ...n, opType: 'Mystery' } : n)) } };
    const find = (widths?: { q: number; kv: number }) =>
      resolveProjections(blind, widths).projections.find(p => p.name.endsWith('.0.self_attn.qkv_proj'))!.slices;
    expect(find()).toBeUndefined();
    expect(find({ q, kv })).toEqual(slices);
    expect(find({ q, kv: 16 })).toBeUndefined();
  });

  it('take x from before the quantisation and y from behind the scales', () => {
    const [first] = resolveProjections(build('torchscript', 'int8-dynamic')).projections;
    expect(first).toMatchObject({ kind: 'int8', y: '/model/layers.0/self_attn/q_proj/MatMul_output_0' });
    const graph = graphOf(build('torchscript', 'int8-dynamic'));
    expect(graph.node.find(n => n.opType === 'DynamicQuantizeLinear')!.input[0]).toBe(first!.x);
  });
});

describe('refusals', () => {
  const reasons = (
    change: (node: NodeProto) => NodeProto | NodeProto[],
    extra: Partial<ReturnType<typeof graphOf>> = {},
    scheme: Scheme = 'fp32',
  ) => {
    const model = build('emitter', scheme);
    const graph = graphOf(model);
    const { projections, refusals } = resolveProjections({ ...model, graph: { ...graph, node: graph.node.flatMap(change), ...extra } });
    return { count: projections.length, reasons: Object.fromEntries(refusals.map(r => [r.name, r.reason])) };
  };
  const isQ = (n: NodeProto) => n.name?.startsWith('/model/layers.0/self_attn/q_proj/MatMul') ?? false;
  const same = (n: NodeProto) => n;

  it('always: the head', () => {
    expect(reasons(same)).toEqual({ count: 14, reasons: { lm_head: 'the head and the embedding take no adapter' } });
    const tied = resolveProjections(buildLayout({ ...tinyConfig, tied: true }, weights, 'emitter'));
    expect(tied.refusals.map(r => r.name)).toEqual(['lm_head']);
  });
  it('Gemm', () =>
    expect(reasons(n => (isQ(n) ? { ...n, opType: 'Gemm' } : n)).reasons['model.layers.0.self_attn.q_proj']).toMatch(/Gemm/));
  it('fused operations that hold weights', () => {
    const attention = (n: NodeProto) =>
      isQ(n) ? { ...n, opType: 'Attention', name: '/model/layers.0/attn/Attention', domain: 'com.microsoft' } : n;
    expect(reasons(attention).reasons['model.layers.0.self_attn.Attention']).toMatch(/fused/);
  });
  it('a weight without any name', () => {
    const model = build('torchscript');
    const graph = graphOf(model);
    const { projections, refusals } = resolveProjections({
      ...model,
      graph: { ...graph, node: graph.node.map(n => ({ ...n, name: '' })) },
    });
    expect(projections).toEqual([]);
    expect(refusals.every(r => r.reason.includes('named after a module'))).toBe(true);
  });
  it('two products of one name', () => {
    const twice = reasons(n => (isQ(n) ? [n, { ...n, output: ['again'] }] : [n]));
    expect(twice.count).toBe(13);
    expect(twice.reasons['model.layers.0.self_attn.q_proj']).toMatch(/2 products/);
  });
  it('flattened rows and doubles', () => {
    const x = graphOf(build('emitter')).node.find(isQ)!.input[0]!;
    expect(reasons(same, { valueInfo: [valueInfo(x, 1, ['tokens', 64])] }).count).toBe(11);
    const graph = graphOf(build('emitter'));
    const name = graph.node.find(isQ)!.input[1]!;
    const initializer = graph.initializer.map(t => (t.name === name ? { ...t, dataType: 11 } : t));
    expect(reasons(same, { initializer }).reasons['model.layers.0.self_attn.q_proj']).toMatch(/element type 11/);
  });
  it('an int8 chain of another form', () => {
    const cast = (n: NodeProto) => (isQ(n) && n.opType === 'Cast' ? [n, nodeProto('Identity', n.output, ['spy'])] : [n]);
    expect(reasons(cast, {}, 'int8-dynamic').reasons['model.layers.0.self_attn.q_proj']).toMatch(/Cast and Mul/);
    const scale = (n: NodeProto) => (isQ(n) && n.name!.endsWith('scales_mul') ? { ...n, opType: 'Div' } : n);
    expect(reasons(scale, {}, 'int8-dynamic').reasons['model.layers.0.self_attn.q_proj']).toMatch(/x scale/);
  });
  it('int4 without scales', () => {
    const bare = (n: NodeProto) => (isQ(n) ? { ...n, input: n.input.slice(0, 2) } : n);
    expect(reasons(bare, {}, 'int4').reasons['model.layers.0.self_attn.q_proj']).toMatch(/scales are missing/);
  });
  it('not the product of attention itself: neither side is stored', () => {
    const spy = nodeProto('MatMul', ['a', 'b'], ['c']);
    const attention = { ...spy, name: '/model/layers.0/self_attn/MatMul' };
    expect(reasons(n => (isQ(n) ? [n, attention] : [n]))).toEqual({ count: 14, reasons: { lm_head: expect.any(String) } });
    const stored = graphOf(build('emitter'));
    const inverse = tensorProto('inv_freq', [1, 8, 1], 1, new Uint8Array(32));
    const rotary = { ...nodeProto('MatMul', ['inv_freq', 'positions'], ['angles']), name: '/model/rotary_emb/MatMul' };
    const more = reasons(n => (isQ(n) ? [n, rotary] : [n]), { initializer: [...stored.initializer, inverse] });
    expect(more.count).toBe(14);
  });
  it('a weight that is made of itself', () => {
    const circle = (n: NodeProto) =>
      isQ(n) ? [nodeProto('Transpose', ['b'], ['a']), nodeProto('Transpose', ['a'], ['b']), { ...n, input: [n.input[0]!, 'a'] }] : [n];
    expect(reasons(circle).count).toBe(13);
  });
});
