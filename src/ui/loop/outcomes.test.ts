import { describe, expect, it } from 'vitest';
import { configOf, debate, startOf, type Script } from '../../debate/scripted.fixture';
import { gradesOf } from '../../metrics/paired';
import { measureIds } from './accuracy';
import { outcomesOf, pairsOf, passes } from './outcomes';
import { pairedSentence, verdictOf } from './paired';

const truths = new Map(startOf(configOf(), 6).questions.map(({ qid, truth }) => [qid, truth!]));
/** Right where `how` says so. */
const saying =
  (how: (qid: string, agent: number, round: number) => boolean): Script =>
  ({ draw }) =>
    draw.role === 'summariser' ? 'Summary.' : `So \\boxed{${how(draw.qid, draw.agent, draw.round) ? truths.get(draw.qid) : 99999}}`;
const qids = [...truths.keys()];

describe('what lies behind a point', () => {
  it('are the grades that the paired comparison uses', async () => {
    const { state } = await debate(
      configOf(),
      saying((qid, agent, round) => (qids.indexOf(qid) + agent + round) % 3 > 0),
      { count: 6 },
    );
    for (const measure of measureIds) {
      const outcomes = outcomesOf(state, measure);
      expect(outcomes).toHaveLength(6);
      expect(new Map(outcomes.map(({ qid, right }) => [qid, right]))).toEqual(gradesOf(state, measure));
    }
  });

  it('can be filtered by what training changed', async () => {
    const before = outcomesOf(
      (
        await debate(
          configOf(),
          saying(qid => qid !== qids[0]),
          { count: 6 },
        )
      ).state,
      'debate',
    );
    const after = outcomesOf(
      (
        await debate(
          configOf(),
          saying(qid => qid !== qids[1]),
          { count: 6 },
        )
      ).state,
      'debate',
    );
    const pairs = pairsOf(before, after);
    const having = (filter: Parameters<typeof passes>[1]): string[] => pairs.filter(pair => passes(pair, filter)).map(({ qid }) => qid);
    expect(having('gained')).toEqual([qids[0]]);
    expect(having('lost')).toEqual([qids[1]]);
    expect(having('wrong')).toEqual([qids[1]]);
    expect(having('all')).toHaveLength(6);
    expect(passes({ before: null, after: after[0]! }, 'gained')).toBe(false);
  });
});

describe('a paired difference in words', () => {
  const compared = {
    condition: 'debate',
    n: 200,
    before: 0.8,
    after: 0.84,
    difference: 0.04,
    low: -0.01,
    high: 0.09,
    lost: 6,
    won: 14,
    p: 0.115,
  } as const;
  it('claims something only when the interval leaves no change out', () => {
    expect(verdictOf(compared)).toBe('open');
    expect(verdictOf({ low: 0.01, high: 0.09 })).toBe('better');
    expect(verdictOf({ low: -0.09, high: -0.01 })).toBe('worse');
    expect(pairedSentence(1, 'debate', compared)).toBe(
      'Iteration 1 against 0, debate: +4.0 points (95 % interval −1.0 to +9.0, n 200); 14 questions gained, 6 lost, McNemar p 0.115: not separable from no change.',
    );
  });
});
