import { describe, expect, it } from 'vitest';
import { isOp } from '../onnx/graph-index';
import { quantiseModel } from '../onnx/fixtures/quantise';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { buildLlama } from '../onnx/llama';
import type { ModelProto } from '../onnx/proto';
import { prepareGraph } from '../onnx/surgery';
import { joinedA, joinSiblings, siblingsIn } from './join-siblings';
import { poolAdapters } from './pool-surgery';

const weights = randomWeights(tinyConfig);
const pooledOf = (model: ModelProto) => {
  const { model: prepared, modules } = prepareGraph(model, {});
  const pooled = poolAdapters(prepared, modules);
  return { pooled, groups: siblingsIn(pooled, modules) };
};
const shortOf = (groups: ReturnType<typeof siblingsIn>): string[] =>
  groups.map(group => group.map(({ name }) => name.split('.').at(-1)).join(' '));
const count = (model: ModelProto): number => model.graph!.node.length;

describe('products that read the same tensor', () => {
  it('become one each: attention takes its three side by side, and the fewer operations are counted', () => {
    const { pooled, groups } = pooledOf(buildLlama(tinyConfig, weights));
    expect(shortOf(groups)).toEqual(Array(tinyConfig.layers).fill(['q_proj k_proj v_proj', 'gate_proj up_proj']).flat());
    const joined = joinSiblings(pooled, groups);
    const attentions = joined.graph!.node.filter(n => isOp(n, 'GroupQueryAttention', 'com.microsoft'));
    expect(attentions.map(({ input }) => input.slice(1, 3))).toEqual(Array(tinyConfig.layers).fill(['', '']));
    // Fifteen and ten become ten and ten, one of them a constant; two are put in front of all layers.
    expect(count(pooled) - count(joined)).toBe(5 * tinyConfig.layers - 2);
    const inputs = joined.graph!.input.map(({ name }) => name);
    for (const group of groups) expect(inputs).toContain(joinedA(group));
    const made = joined.graph!.node.flatMap(({ output }) => output.filter(Boolean));
    expect(new Set(made).size).toBe(made.length);
  });

  it('are left as they are where weights are packed, or there is nothing to join', () => {
    const int4 = pooledOf(quantiseModel(buildLlama(tinyConfig, weights), 'int4'));
    expect(shortOf(int4.groups)).toEqual([]);
    const fused = pooledOf(buildLlama(tinyConfig, weights, { qkv: 'packed' }));
    expect(shortOf(fused.groups)).toEqual(Array(tinyConfig.layers).fill('gate_proj up_proj'));
  });
});
