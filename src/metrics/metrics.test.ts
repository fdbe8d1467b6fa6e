import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, debate, startOf, type Script } from '../debate/scripted.fixture';
import { accuracyByRound, answerAccuracy, voteAccuracy } from './accuracy';
import { strategyCounts } from './diversity';
import { measures } from './measure';
import { wilson } from './interval';

const truths = new Map(startOf(configOf(), 4).questions.map(({ qid, truth }) => [qid, truth!]));
/** Round 1: agent 0 right, agent 1 wrong, agent 2 unparsed. Round 2: agents 0 and 1 right. On the last question everybody is always unparsed. */
const script: Script = ({ draw }) => {
  if (draw.role === 'summariser') return 'Summary.';
  if (draw.qid === [...truths.keys()][3] || draw.agent === 2) return 'No idea.';
  const right = draw.agent === 0 || draw.round === 2;
  return `${draw.agent ? 'Pair the products' : 'First multiply'}: So \\boxed{${right ? truths.get(draw.qid) : 99999}}`;
};

describe('metrics', () => {
  it('accuracy of answers and votes, round by round; unparsed ones are wrong and stay in n', async () => {
    const { state } = await debate(configOf({ tieEval: 'abstain' }), script, { count: 4 });
    const [first, second] = accuracyByRound(state);
    expect(first!.answers).toMatchObject({ k: 3, n: 12, unanswered: 6 });
    // One right, one wrong: a tie, so nobody is right and every question is without an answer.
    expect(first!.vote).toMatchObject({ k: 0, n: 4, unanswered: 4 });
    expect(second!.answers).toMatchObject({ k: 6, n: 12, unanswered: 6 });
    expect(second!.vote).toMatchObject({ k: 3, n: 4, unanswered: 1 });
    expect(voteAccuracy(state)).toEqual(second!.vote);
    expect(answerAccuracy(state, 1, 0)).toMatchObject({ k: 3, n: 4 });
    expect(answerAccuracy(state, 1, 2)).toMatchObject({ k: 0, n: 4, unanswered: 4 });
  });

  it('agreement, distinct answers and strategies', async () => {
    const { state } = await debate(configOf(), script, { count: 4 });
    const { consensus, uniqueAnswers, uniqueStrategies } = measures(state);
    expect(consensus[0]).toMatchObject({ mean: (3 * (1 / 3) + 0) / 4, n: 4 });
    expect(consensus[1]).toMatchObject({ mean: (3 * (2 / 3) + 0) / 4, n: 4 });
    expect(uniqueAnswers[0]).toMatchObject({ mean: 6 / 4, n: 4 });
    expect(uniqueStrategies[0]).toMatchObject({ mean: 6 / 4, n: 4 });
    // One of four questions differs from the others: a resample can hold none of it, or nothing else.
    const [low, high] = [consensus[0].low!, consensus[0].high!];
    expect([low < consensus[0].mean!, high]).toEqual([true, 1 / 3]);
    expect(strategyCounts(state, 1)).toEqual([
      ['order of operations', 3],
      ['products paired', 3],
    ]);
  });

  it('a question without a known answer is not graded but agrees like any other', async () => {
    const config = configOf();
    const start = startOf(config, 2);
    const own = { ...start, questions: start.questions.map(question => ({ ...question, truth: null })) };
    const { state } = await debate(config, script, { start: own });
    expect(voteAccuracy(state)).toMatchObject({ k: 0, n: 0, low: 0, high: 1 });
    expect(measures(state).consensus[1].n).toBe(2);
  });
});

describe('Wilson', () => {
  it('is the formula at known points', () => {
    const { low, high } = wilson(13, 20);
    expect([low, high].map(value => value.toFixed(4))).toEqual(['0.4329', '0.8188']);
    expect(wilson(0, 10)).toMatchObject({ share: 0, low: 0 });
    expect(wilson(10, 10)).toMatchObject({ share: 1, high: 1 });
    expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 });
    expect(() => wilson(3, 2)).toThrow(RangeError);
  });

  it('contains the share, mirrors itself, and narrows with n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.nat(), (n, raw) => {
        const k = raw % (n + 1);
        const { share, low, high } = wilson(k, n);
        expect(low <= share && share <= high).toBe(true);
        expect(wilson(n - k, n).low).toBeCloseTo(1 - high, 12);
        expect(wilson(4 * k, 4 * n).high - wilson(4 * k, 4 * n).low).toBeLessThan(high - low);
      }),
    );
  });
});
