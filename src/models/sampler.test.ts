import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { randomNumbers } from '../onnx/fixtures/weights';
import type { SamplingRule } from './engine';
import { sample } from './sampler';

const all: SamplingRule = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** The same rules written the plain way: sort everything, filter step by step. */
function plain(logits: Float32Array, { temperature, topK, topP, minP }: SamplingRule, u: number): number {
  const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (temperature === 0) return order[0]!;
  const weight = (id: number) => Math.exp((logits[id]! - logits[order[0]!]!) / temperature);
  let kept = topK > 0 ? order.slice(0, topK) : order;
  if (topP < 1) {
    const total = kept.reduce((sum, id) => sum + weight(id), 0);
    let mass = 0;
    kept = kept.filter(id => {
      const before = mass;
      mass += weight(id);
      return before < topP * total || before === 0;
    });
  }
  kept = kept.filter((id, i) => i === 0 || weight(id) >= minP);
  const total = kept.reduce((sum, id) => sum + weight(id), 0);
  let mass = 0;
  for (const id of kept) {
    mass += weight(id);
    if (mass > u * total) return id;
  }
  return kept.at(-1)!;
}

const logitsOf = fc.array(fc.oneof(fc.float({ min: -30, max: 30, noNaN: true }), fc.constantFrom(-1, 0, 1, 1, 1)), {
  minLength: 1,
  maxLength: 200,
});
const rules = fc.record({
  temperature: fc.constantFrom(0, 0.3, 0.7, 1, 1.5),
  topK: fc.constantFrom(0, 1, 2, 5, 50, 1000),
  topP: fc.constantFrom(1, 0.95, 0.9, 0.5, 0.1),
  minP: fc.constantFrom(0, 0.02, 0.5),
});

describe('sampling', () => {
  it('chooses what sorting and filtering everything would choose', () => {
    let compared = 0;
    fc.assert(
      fc.property(logitsOf, rules, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (list, rule, u) => {
        const logits = Float32Array.from(list);
        const token = sample(logits, rule, u).token;
        const want = plain(logits, rule, u);
        compared++;
        if (token === want) return;
        // Sums in another order differ in their last bits: a draw exactly on a border may fall to either side.
        const nudged = [u - 1e-9, u + 1e-9].map(v => plain(logits, rule, Math.min(Math.max(v, 0), 1 - 1e-12)));
        expect(nudged).toContain(token);
      }),
      { numRuns: 2000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });

  // Shapes of large vocabularies: one that knows what to say, one that does not, many alike, and a tail as deep as floats go.
  const shapes: Record<string, (noise: number, i: number) => number> = {
    sure: (noise, i) => (i % 997 < 3 ? 20 + noise : noise * 2.5),
    unsure: noise => noise,
    alike: noise => Math.round(noise * 2),
    steep: (_, i) => -i / 20,
    narrow: (noise, i) => (i === 1234 ? 60 : noise),
  };
  const shape = fc.constantFrom(...Object.keys(shapes));
  const size = fc.integer({ min: 1024, max: 6000 });
  const draws = fc.oneof(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.constantFrom(0, 1 - 1e-7, 1 - 1e-12));

  it('chooses the same in large vocabularies', () => {
    fc.assert(
      fc.property(shape, size, fc.integer(), rules, draws, (name, length, seed, rule, u) => {
        const random = randomNumbers(seed);
        const noise = () => random() + random() + random() + random() - 2;
        const logits = Float32Array.from({ length }, (_, i) => shapes[name]!(noise() * 2, i));
        const token = sample(logits, rule, u).token;
        const nudged = [u, u - 1e-9, u + 1e-9].map(v => plain(logits, rule, Math.min(Math.max(v, 0), 1 - 1e-15)));
        expect(nudged).toContain(token);
      }),
      { numRuns: 400 },
    );
  });

  it('draws in proportion', () => {
    const logits = Float32Array.from([Math.log(0.5), Math.log(0.2), Math.log(0.3)]);
    const counts = [0, 0, 0];
    for (let i = 0; i < 1000; i++) counts[sample(logits, all, (i + 0.5) / 1000).token]!++;
    expect(counts).toEqual([500, 200, 300]);
  });

  it('keeps the log-probability of the whole vocabulary at temperature 1, whatever the filters', () => {
    const logits = Float32Array.from([2, 1, 0, -5]);
    const lse = Math.log([2, 1, 0, -5].reduce((s, v) => s + Math.exp(v), 0));
    for (const rule of [all, { ...all, temperature: 0 }, { ...all, temperature: 0.2, topK: 1 }, { ...all, topP: 0.1, minP: 0.9 }])
      expect(sample(logits, rule, 0).logprob).toBeCloseTo(2 - lse, 6);
  });

  it('breaks ties by token id and handles extreme draws', () => {
    const flat = new Float32Array(5);
    expect([0, 0.2, 0.4, 0.999999].map(u => sample(flat, all, u).token)).toEqual([0, 1, 2, 4]);
    expect(sample(flat, { ...all, temperature: 0 }, 0.9).token).toBe(0);
    expect(sample(Float32Array.from([0, -Infinity, 3]), all, 1 - 2 ** -53).token).toBe(0);
  });

  it('reaches the far tail of a long, steep vocabulary', () => {
    const logits = Float32Array.from({ length: 20_000 }, (_, i) => -i / 100);
    const rank = (u: number) => sample(logits, all, u).token;
    expect(rank(0)).toBe(0);
    expect(rank(1 - 1e-6)).toBeGreaterThan(1000);
    expect(rank(1 - 2 ** -53)).toBeLessThan(20_000);
  });

  it('finds what top-k leaves beyond the ones near the best', () => {
    const lonely = Float32Array.from({ length: 2000 }, (_, i) => (i === 7 ? 13 : i / 1e4));
    const rule = { ...all, topK: 1500 };
    for (const u of [0.9, 0.998, 0.9999]) expect(sample(lonely, rule, u).token).toBe(plain(lonely, rule, u));
    expect(sample(lonely, rule, 0.9999).token).not.toBe(7);
  });

  it('refuses logits that are no numbers', () => {
    expect(() => sample(Float32Array.from([NaN, NaN]), all, 0.5)).toThrow(RangeError);
    const broken = Float32Array.from({ length: 3000 }, (_, i) => (i === 1700 ? NaN : i % 1000 === 5 ? 20 : 0));
    for (const rule of [all, { ...all, topK: 40 }, { ...all, topP: 0.9 }, { ...all, minP: 0.1 }])
      for (const logits of [broken, broken.map(v => v / 20)]) expect(() => sample(logits, rule, 0.5)).toThrow(RangeError);
    expect(() => sample(Float32Array.from([Infinity, 0]), all, 0.5)).toThrow(RangeError);
  });
});
