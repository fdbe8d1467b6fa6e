import { describe, expect, it } from 'vitest';
import { findings, type Facts } from './capability';

const desktop: Facts = { secure: true, isolated: true, gpu: 'ready', shaderF16: true, memory: 8, phone: false, cores: 8 };
const ids = (facts: Partial<Facts>): string[] => findings({ ...desktop, ...facts }).map(finding => finding.id);

describe('what this browser can run', () => {
  it('has nothing to say about a capable desktop', () => expect(ids({})).toEqual([]));

  it('names each lack once', () => {
    expect(ids({ gpu: 'none', shaderF16: false })).toEqual(['no-webgpu']);
    expect(ids({ gpu: 'blocked', shaderF16: false })).toEqual(['gpu-blocked']);
    expect(ids({ gpu: 'fallback', shaderF16: false })).toEqual(['gpu-software']);
    expect(ids({ shaderF16: false })).toEqual(['no-f16']);
    expect(ids({ gpu: 'none', isolated: false })).toEqual(['no-webgpu', 'one-thread']);
    expect(ids({ phone: true })).toEqual(['small-device']);
    expect(ids({ memory: 2 })).toEqual(['small-device']);
  });

  it('says that the built-in model stays on the processor where a card has no 16-bit shaders', () => {
    expect(findings({ ...desktop, shaderF16: false })[0]!.offered).toMatch(/the built-in model, runs on wasm/);
  });

  it('blames the address, not the browser, when the page is insecure', () => {
    expect(ids({ secure: false, isolated: false, gpu: 'none' })).toEqual(['insecure', 'one-thread']);
  });

  it('always offers something', () => {
    for (const gpu of ['none', 'blocked', 'fallback', 'ready'] as const) {
      const facts: Facts = { secure: false, isolated: false, gpu, shaderF16: false, memory: 1, phone: true, cores: 1 };
      expect(findings(facts).every(finding => finding.offered.length > 10)).toBe(true);
    }
  });
});
