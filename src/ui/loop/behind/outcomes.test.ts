import { describe, expect, it } from 'vitest';
import { configOf, debate, startOf, type Script } from '../../../debate/scripted.fixture';
import { gradesOf } from '../../../metrics/paired';
import { measureIds } from '../accuracy';
import { outcomesOf, passes } from './outcomes';

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
    const pairs = after.map(one => ({ before: before.find(({ qid }) => qid === one.qid)!, after: one }));
    const having = (filter: Parameters<typeof passes>[1]): string[] =>
      pairs.filter(pair => passes(pair, filter)).map(({ after: one }) => one.qid);
    expect(having('gained')).toEqual([qids[0]]);
    expect(having('lost')).toEqual([qids[1]]);
    expect(having('wrong')).toEqual([qids[1]]);
    expect(having('all')).toHaveLength(6);
    expect(passes({ before: null, after: after[0]! }, 'gained')).toBe(false);
  });
});
