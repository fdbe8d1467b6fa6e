import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, debate, type Script } from '../debate/scripted.fixture';
import { bootstrap } from './bootstrap';
import { compareRuns, gradesOf, holm, mcnemar } from './paired';

/** Right in the given rounds on the given questions (by number), else wrong. */
const rightOn =
  (right: (question: number, round: number, agent: number) => boolean): Script =>
  ({ draw, messages }) => {
    if (draw.role === 'summariser') return 'Summary.';
    const [, a, b, c, d, e, f] = /(\d+)\+(\d+)\*(\d+)\+(\d+)-(\d+)\*(\d+)/.exec(messages.at(-1)!.content)!.map(Number) as number[];
    const truth = a! + b! * c! + d! - e! * f!;
    return `So \\boxed{${right(draw.qid.length % 5, draw.round, draw.agent) ? truth : 99_999}}`;
  };

describe('paired comparison', () => {
  it('McNemar is the exact binomial test', () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(0, 5)).toBeCloseTo(2 / 32, 12);
    expect(mcnemar(1, 9)).toBeCloseTo((2 * (1 + 10)) / 1024, 12);
    expect(mcnemar(5, 5)).toBe(1);
    expect(mcnemar(2, 12)).toBeCloseTo(mcnemar(12, 2), 12);
    // 2^n overflows here; the value is from exact integers.
    expect(mcnemar(940, 1110)).toBeCloseTo(0.000188049174699707, 12);
  });

  it('the bootstrap interval is seeded, contains the difference and agrees with the normal one', () => {
    const differences = Array.from({ length: 400 }, (_, i) => (i % 10 < 2 ? 1 : i % 10 === 2 ? -1 : 0));
    const { difference, low, high } = bootstrap(differences, 1);
    expect(difference).toBeCloseTo(0.1, 12);
    expect(bootstrap(differences, 1)).toEqual({ difference, low, high });
    const uneven = Array.from({ length: 50 }, (_, i) => Math.sin(i));
    expect(bootstrap(uneven, 2)).not.toEqual(bootstrap(uneven, 1));
    const se = Math.sqrt((0.3 - 0.01) / 400);
    expect(Math.abs(low - (0.1 - 1.96 * se))).toBeLessThan(0.006);
    expect(Math.abs(high - (0.1 + 1.96 * se))).toBeLessThan(0.006);
    expect(bootstrap([1, 1, 1], 1)).toEqual({ difference: 1, low: 1, high: 1 });
    expect(bootstrap([], 1)).toEqual({ difference: 0, low: -1, high: 1 });
  });

  it('two runs are compared on the questions they share, and swapped they mirror', async () => {
    const before = await debate(
      configOf(),
      rightOn((q, round) => q < 2 && round === 2),
      { count: 30 },
    );
    const after = await debate(
      configOf(),
      rightOn(q => q > 0 && q < 4),
      { count: 40 },
    );
    const there = compareRuns(before.state, after.state, 'debate');
    const back = compareRuns(after.state, before.state, 'debate');
    expect(there.n).toBe(30);
    expect(there.before).toBeCloseTo([...gradesOf(before.state, 'debate').values()].reduce((sum, x) => sum + x, 0) / 30, 12);
    expect(there.won! - there.lost!).toBe(Math.round(there.difference * 30));
    expect([back.lost, back.won, back.p]).toEqual([there.won, there.lost, there.p]);
    expect(back.difference).toBeCloseTo(-there.difference, 12);
    expect(there.low <= there.difference && there.difference <= there.high).toBe(true);
    // Single answers are shares per question: no discordant counts, no p.
    expect(compareRuns(before.state, after.state, 'generator')).toMatchObject({ n: 30, before: 0, lost: null, won: null, p: null });
    expect(compareRuns(before.state, before.state, 'debate')).toMatchObject({ difference: 0, low: 0, high: 0, p: 1 });
  });

  it('single agents are graded by the share that is right', async () => {
    const { state } = await debate(
      configOf(),
      rightOn((_, round, agent) => agent < round),
      { count: 5 },
    );
    expect([...gradesOf(state, 'generator').values()]).toEqual(Array(5).fill(1 / 3));
    expect([...gradesOf(state, 'critic').values()]).toEqual(Array(5).fill(2 / 3));
    expect([...gradesOf(state, 'majority').values()].every(grade => grade === 0 || grade === 1)).toBe(true);
    expect([...gradesOf(state, 'debate').values()]).toEqual(Array(5).fill(1));
  });

  it('Holm never lowers a p, keeps their order and its known example', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map(p => +p.toFixed(6))).toEqual([0.03, 0.06, 0.06, 0.02]);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), ps => {
        const adjusted = holm(ps);
        adjusted.forEach((p, i) => {
          expect(p >= ps[i]! && p <= 1).toBe(true);
          adjusted.forEach((q, k) => expect(ps[i]! < ps[k]! && p > q).toBe(false));
        });
      }),
    );
  });
});
