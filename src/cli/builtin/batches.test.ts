import { describe, expect, it } from 'vitest';
import type { CorpusOptions } from '../../tasks/arithmetic/corpus';
import { seededRandom } from '../../tasks/arithmetic/random';
import { evaluate } from '../../tasks/arithmetic/steps';
import { batchOf, batchSource, kinds, rowOf, rowsOf } from './batches';
import { stages } from './recipe';
import { ASSISTANT, decode, END, PAD, UNKNOWN, USER } from './vocabulary';

const options: CorpusOptions = { difficulties: [['standard', 1]], slipRate: 0.1, shownSlipRates: [0.1], criticSlipRate: 0 };

describe('batches', () => {
  it('learn the answer and its end, and nothing of the prompt', () => {
    for (const kind of ['solve', 'revise', 'summarise'] as const) {
      const { tokens, learn } = rowOf(kind, seededRandom(kind), options);
      const from = learn.indexOf(1);
      expect(tokens[0]).toBe(USER);
      expect(tokens[from - 1]).toBe(ASSISTANT);
      expect(tokens.lastIndexOf(ASSISTANT)).toBe(from - 1);
      expect(tokens.at(-1)).toBe(END);
      expect(learn.slice(from).every(x => x === 1)).toBe(true);
      expect(tokens).not.toContain(UNKNOWN);
    }
  });

  it('learn only what a fact gives away: its value', () => {
    const { tokens, learn } = rowOf('drill', seededRandom(1), options);
    const learnt = tokens.map((token, i) => (learn[i] ? token : -1));
    const facts = decode(tokens).split(', ');
    const values = decode(learnt.map(token => (token < 0 ? 3 : token))).split(', ');
    expect(values).toEqual(facts.map(fact => String(evaluate(fact.split('=')[0]!))));
  });

  it('weigh learnt tokens equally, to a sum of one, and padding not at all', () => {
    const random = seededRandom(2);
    const rows = Array.from({ length: 5 }, () => rowOf('revise', random, options));
    const batch = batchOf('revise', rows);
    expect(batch.weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(new Set([...batch.weights].filter(w => w > 0)).size).toBe(1);
    rows.forEach(({ tokens, learn }, r) => {
      let wrong = 0;
      for (let i = 0; i < batch.length; i++) {
        const at = r * batch.length + i;
        const inside = i + 1 < tokens.length;
        wrong += +(batch.weights[at]! > 0 !== (learn[i + 1] === 1));
        wrong += +(batch.ids[at] !== BigInt(inside ? tokens[i]! : PAD));
        wrong += +(inside && batch.targets[at] !== BigInt(tokens[i + 1]!));
      }
      expect(wrong).toBe(0);
    });
  });

  it('come in the same order for the same seed, with little padding', () => {
    const [x, y] = [batchSource(seededRandom(3), options), batchSource(seededRandom(3), options)];
    for (const kind of kinds) {
      let used = 0;
      let all = 0;
      for (let i = 0; i < 16; i++) {
        const batch = x(kind);
        expect(Buffer.compare(Buffer.from(y(kind).ids.buffer), Buffer.from(batch.ids.buffer))).toBe(0); // toEqual takes seconds here
        expect(batch.rows).toBe(rowsOf[kind]);
        used += batch.tokens;
        all += batch.ids.length;
      }
      expect(all / used, kind).toBeLessThan(1.2);
    }
  });
});

it('the recipe keeps rates within (0, 1] and ends low', () => {
  for (const stage of stages) {
    for (let done = 0; done < 1; done += 0.01) {
      expect(stage.rate(done)).toBeGreaterThan(0);
      expect(stage.rate(done)).toBeLessThanOrEqual(1);
      expect(Math.min(...stage.mix(done).map(([, weight]) => weight))).toBeGreaterThanOrEqual(0);
    }
  }
  expect(stages.at(-1)!.rate(1)).toBeLessThan(0.03);
});
