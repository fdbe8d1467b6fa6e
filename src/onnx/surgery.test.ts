import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { numericCases, runCase } from './fixtures/cases';
import type { FixtureRuntime } from './fixtures/greedy';

// onnxruntime turns QDQ products into int4 kernels that round activations to int8 unless told not to; a reference must not.
const exact = { session: { qdq_matmulnbits_accuracy_level: '0' } };
const runtime: FixtureRuntime<ort.Tensor> = {
  createSession: (model, request) => ort.InferenceSession.create(model, { ...request, intraOpNumThreads: 1, extra: exact }),
  tensor: (type, data, dims) => new ort.Tensor(type as 'float32', data as Float32Array, dims),
  read: tensor => Promise.resolve(tensor.data as Float32Array),
};

describe('rows of different adapters in one batch equal models with the adapter merged in', () => {
  it.each(numericCases().map(c => [c.name, c] as const))('%s', async (_, numeric) => {
    const { worst, sameTokens, zeroAdapter, effect } = await runCase(numeric, runtime);
    expect(worst).toBeLessThanOrEqual(1e-4);
    expect(sameTokens).toBe(true);
    expect(zeroAdapter).toBeLessThanOrEqual(1e-6);
    expect(effect).toBeGreaterThan(0.1);
  });
});
