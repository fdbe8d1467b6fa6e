import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectSets } from '../datasets/collect';
import { datasetDefaults } from '../datasets/records';
import { configOf, debate, noisy, startOf, type Script } from '../debate/scripted.fixture';
import { auditLabels } from './audit';
import { bigramDistance, tokensOf } from './distance';
import { measures } from './measure';
import { heldOutNll } from './nll';

const truths = new Map(startOf(configOf(), 6).questions.map(({ qid, truth }) => [qid, truth!]));
const qids = [...truths.keys()];

describe('distance', () => {
  it('is one minus the Jaccard overlap of token pairs', () => {
    expect(bigramDistance(['a', 'b'], ['a', 'b'])).toBe(0);
    expect(bigramDistance(['a', 'b'], ['x', 'y'])).toBe(1);
    // ⊢a ab b⊣ against ⊢a ac c⊣: one pair of five.
    expect(bigramDistance(['a', 'b'], ['a', 'c'])).toBeCloseTo(0.8, 12);
    expect(bigramDistance([], [])).toBe(0);
    expect(bigramDistance(['a'], ['b'])).toBe(1);
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (x, y) => {
        expect(bigramDistance(x, y)).toBe(bigramDistance(y, x));
        expect(bigramDistance(x, x)).toBe(0);
        expect(bigramDistance(x, y) >= 0 && bigramDistance(x, y) <= 1).toBe(true);
      }),
    );
  });

  it('reads the tokens that were sampled', () => {
    expect(tokensOf({ text: 'ab cd', ends: [1, 2, 5, 5] })).toEqual(['a', 'b', ' cd']);
    expect(tokensOf({ text: 'ab  cd', ends: [] })).toEqual(['ab', 'cd']);
  });

  it('of a run is the mean over questions of the mean over pairs', async () => {
    const same: Script = ({ draw }) => (draw.agent === 2 ? 'other words: 2' : 'the same words: 1');
    const { state } = await debate(configOf({ rounds: 1 }), same, { count: 3 });
    const apart = bigramDistance(['the ', 'same ', 'words: ', '1'], ['other ', 'words: ', '2']);
    expect(measures(state).distance).toMatchObject({ mean: (0 + apart + apart) / 3, n: 3 });
    const alone = await debate(configOf({ rounds: 1, agents: 1 }), same, { count: 3 });
    expect(measures(alone.state).distance).toMatchObject({ mean: null, n: 0 });
  });
});

describe('NLL under held-out agents', () => {
  it('asks for every last answer under its own agent and each other one, after what the speaker read', async () => {
    const { state, calls } = await debate(configOf(), noisy, { count: 4 });
    const sent = new Map(calls.flat().map(row => [row.id, row.messages]));
    const plan = heldOutNll(state, 2);
    expect(plan.requests).toHaveLength(2 * 3 * 3);
    const first = [...state.questions.values()][0]!;
    expect(plan.requests.slice(0, 3)).toEqual(
      ['c0', 'c1', 'c2'].map(adapter => ({
        messages: sent.get(`${first.question.qid}/2.0.critic`),
        text: first.turns.get(`${first.question.qid}/2.0.critic`)!.text,
        adapter,
      })),
    );
    // Own answers at −1 a token, others' at −3: text length does not matter.
    const scores = plan.requests.map(({ text, adapter }, i) => {
      const own = adapter === `c${Math.floor(i / 3) % 3}`;
      return Array.from({ length: text.length }, () => (own ? -1 : -3));
    });
    const rows = [...state.questions.keys()].slice(0, 2).map(qid => ({ qid, own: 1, cross: 3 }));
    expect(plan.fold(scores)).toMatchObject({ own: { mean: 1, n: 2 }, cross: { mean: 3, n: 2 }, rows });
    expect(() => plan.fold([])).toThrow(RangeError);
  });

  it('agents that share weights share a request; one agent has no other', async () => {
    const base = configOf({ seats: Array.from({ length: 3 }, () => ({ generator: null, critic: null })) });
    const { state } = await debate(base, noisy, { count: 4 });
    const plan = heldOutNll(state, 4);
    expect(plan.requests).toHaveLength(4 * 3);
    const { own, cross } = plan.fold(plan.requests.map((_, i) => [-i, -i]));
    expect(cross).toEqual(own);
    const alone = await debate(configOf({ agents: 1 }), noisy, { count: 2 });
    expect(heldOutNll(alone.state, 2).fold([[-1], [-1]])).toMatchObject({ own: { mean: 1, n: 2 }, cross: { mean: null, n: 0 } });
  });

  it('with one round it is the generators that score', async () => {
    const { state } = await debate(configOf({ rounds: 1 }), noisy, { count: 1 });
    expect(heldOutNll(state, 1).requests.map(({ adapter }) => adapter)).toEqual(['g0', 'g1', 'g2', 'g0', 'g1', 'g2', 'g0', 'g1', 'g2']);
  });
});

describe('measures', () => {
  const script: Script = ({ draw }) => {
    if (draw.role === 'summariser') return 'Summary.';
    const right = draw.agent === 0 || draw.round === 2;
    return `${draw.agent ? 'Pair the products' : 'First multiply'}: So \\boxed{${right ? truths.get(draw.qid) : 90_000 + draw.agent}}`;
  };

  it('of one evaluation', async () => {
    const { state } = await debate(configOf({ tieEval: 'abstain' }), script, { count: 4 });
    expect(measures(state)).toMatchObject({
      questions: 4,
      generator: { k: 4, n: 12 },
      majority: { k: 0, n: 4, unanswered: 4 },
      critic: { k: 12, n: 12 },
      debate: { k: 4, n: 4 },
      consensus: [
        { mean: 1 / 3, n: 4 },
        { mean: 1, n: 4 },
      ],
      uniqueAnswers: [
        { mean: 3, n: 4 },
        { mean: 1, n: 4 },
      ],
      uniqueStrategies: [
        { mean: 2, n: 4 },
        { mean: 2, n: 4 },
      ],
      nll: null,
      calls: 4 * 9,
    });
  });

  it('the audit tells how good the labels were, and how many rows were kept for a wrong one', async () => {
    // Question 0: agreed and right. 1: agreed and wrong. 2: split. 3: two of three right, one unparsed at last.
    const labels: Script = ({ draw }) => {
      if (draw.role === 'summariser') return 'Summary.';
      const truth = truths.get(draw.qid)!;
      const answer = [
        [truth, truth, truth],
        ['90000', '90000', '90000'],
        ['1', '2', '3'],
        [truth, truth, null],
      ][qids.indexOf(draw.qid)]![draw.agent];
      return answer ? `So \\boxed{${answer}}` : 'No idea.';
    };
    const { state } = await debate(configOf(), labels, { count: 4 });
    const sets = await collectSets(state, { ...datasetDefaults, w: 0 }, { iteration: 1 });
    const audit = auditLabels(state, sets);
    expect(audit).toMatchObject({
      accepted: { k: 3, n: 4 },
      right: { k: 2, n: 3 },
      votes: [0, 1, 1, 2],
      unparsed: { k: 1, n: 12 },
      wrongRows: {
        generator_1: { k: 1, n: 3 },
        critic_1: { k: 1, n: 3 },
        generator_3: { k: 1, n: 2 },
        critic_3: { k: 1, n: 2 },
      },
    });
  });
});
