// Full weights count as a result only when they are the base's tensors, all of them, in numbers.
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '../onnx/safetensors';
import type { BaseModel, Hyperparameters } from './engine';
import { checkResult, probeWarning } from './results';

const base: BaseModel = {
  ...{ id: 'b', repo: null, revision: null, maxContext: 8, targetModules: [], maxRank: 8, parameters: 10 },
  shapes: { 'a.weight': [2, 3], 'b.weight': [4] },
};
const full = { lora: false } as Hyperparameters;
const text = (value: string) => new TextEncoder().encode(value);
const tensor = (shape: number[], value = 1) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) });
const result = (tensors: Record<string, { shape: number[]; data: Float32Array }>) => ({
  'config.json': text('{}'),
  'model.safetensors': writeSafetensors(new Map(Object.entries(tensors))),
});
const good = { 'a.weight': tensor([2, 3]), 'b.weight': tensor([4]) };

describe('full weights', () => {
  test('as the base', () => expect(() => checkResult(result(good), base, full)).not.toThrow());
  test.each([
    ['one is missing', { 'a.weight': tensor([2, 3]) }, 'no b.weight'],
    ['one is turned', { ...good, 'a.weight': tensor([3, 2]) }, 'no a.weight of 2×3'],
    ['one too many', { ...good, 'c.weight': tensor([1]) }, 'c.weight'],
    ['not a number', { ...good, 'b.weight': tensor([4], NaN) }, 'NaN'],
  ])('%s', (_, tensors, words) => expect(() => checkResult(result(tensors), base, full)).toThrow(words));
  test('an adapter instead', () =>
    expect(() => checkResult({ 'adapter_config.json': text('{}') }, base, full)).toThrow('lacks config.json'));
});

test('what the probe says', () => {
  const probe = (rows: unknown) => probeWarning({ 'probe.json': text(JSON.stringify({ schema: 1, rows })) });
  expect(probe([{ base: 2, tuned: 1 }])).toBe(null);
  expect(probe([{ base: 1, tuned: 1 }])).toContain('no better');
  expect(probeWarning({ 'probe.json': text(JSON.stringify({ schema: 1, heldOut: false, rows: [{ base: 1, tuned: 2 }] })) })).toContain(
    'on 1 training rows',
  );
  expect(probe([{ base: null, tuned: 'x' }])).toContain('not numbers');
  expect(probe([])).toBe(null);
  expect(probeWarning({})).toBe(null);
  expect(() => probeWarning({ 'probe.json': text('{') })).toThrow('cannot be read');
});
