import { describe, expect, it } from 'vitest';
import { buildLayout } from './fixtures/layouts';
import { quantiseModel } from './fixtures/quantise';
import { randomWeights, tinyConfig as config } from './fixtures/weights';
import { GraphIndex, graphOf, nodeProto } from './graph-index';
import { behindLastAttention } from './last-positions';
import type { NodeProto, ValueInfoProto } from './proto';
import { prepareGraph } from './surgery';

const weights = randomWeights(config);
const last = config.layers - 1;

const head = (index: GraphIndex): NodeProto => index.producers.get('logits')!;
const layouts = ['emitter', 'genai', 'genai-packed', 'torchscript', 'torchscript-bias', 'gate-up', 'packed-split', 'weight-names'] as const;

describe('behind the last attention', () => {
  it.each(layouts)('begins at its output and at the stream beside it: %s', layout => {
    const index = new GraphIndex(prepareGraph(buildLayout(config, weights, layout), { gather: false }).model.graph!);
    const { nodes, from } = behindLastAttention(index, head(index));
    const producers = from.map(tensor => index.producers.get(tensor)!.opType);
    expect(from).toHaveLength(2);
    expect(producers).toContain('GroupQueryAttention');
    // Two products of the adapter for every one of the model: output, gate, up or both at once, down.
    const products = [...nodes].filter(n => n.opType === 'MatMul').length;
    expect([9, 12]).toContain(products);
    expect([...nodes].every(n => !n.name?.includes(`layers.${last - 1}`))).toBe(true);
  });

  it('ends where something else reads on the way', () => {
    const graph = graphOf(prepareGraph(buildLayout(config, weights, 'emitter'), { gather: false, lora: false }).model);
    const at = head(new GraphIndex(graph)).input[0]!;
    for (const watched of [
      { ...graph, node: [...graph.node, nodeProto('ReduceMax', [at], ['watched'])] },
      { ...graph, output: [...graph.output, { name: at } as ValueInfoProto] },
    ]) {
      const index = new GraphIndex(watched);
      expect(behindLastAttention(index, head(index))).toEqual({ nodes: new Set(), from: [at] });
    }
  });

  it('takes no scale of a whole batch for a stream', () => {
    const model = quantiseModel(buildLayout(config, weights, 'genai'), 'int8-dynamic');
    const index = new GraphIndex(graphOf(prepareGraph(model, { gather: false, rowQuantisation: false }).model));
    const quantise = index.graph.node.findLast(n => n.opType === 'DynamicQuantizeLinear')!;
    expect(behindLastAttention(index, quantise)).toEqual({ nodes: new Set(), from: [quantise.input[0]] });
  });
});
