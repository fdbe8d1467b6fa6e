import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { root } from '../../test/steps';
import { inHalfPrecision } from './fixtures/half-precision';
import { buildLlama } from './llama';
import { randomWeights, tinyConfig } from './fixtures/weights';
import { needsHalves } from './needs-halves';
import { decodeModel, type ModelProto } from './proto';

const plain = (): ModelProto => buildLlama(tinyConfig, randomWeights(tinyConfig));

it('tells graphs with 16-bit numbers from those without', () => {
  expect(needsHalves(plain())).toBe(false);
  expect(needsHalves(buildLlama(tinyConfig, randomWeights(tinyConfig), { storage: 'float16' }))).toBe(true);
  expect(needsHalves(inHalfPrecision(plain()))).toBe(true);
});

it('finds them where only a branch has them', () => {
  const outer = plain();
  const branch = inHalfPrecision(plain()).graph!;
  outer.graph!.node[0]!.attribute.push({ name: 'then_branch', g: branch, floats: [], ints: [], strings: [], tensors: [], graphs: [] });
  expect(needsHalves(outer)).toBe(true);
});

it('finds them in the built-in model', () => {
  expect(needsHalves(decodeModel(readFileSync(`${root}/public/models/abacus/onnx/model.onnx`)))).toBe(true);
});
