import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunConfig } from './config';
import { defaultConfig } from './defaults';
import { vote, votesNeeded, type VoteRule } from './vote';
import { answerAccuracy, voteAccuracy } from '../metrics/accuracy';
import { measures } from '../metrics/measure';
import { configOf, debate } from './scripted.fixture';

const rule = (change: Partial<VoteRule> = {}): VoteRule => ({ ...defaultConfig(), ...change });
const at = { qid: 'q', round: 2 };
const keys = fc.array(fc.option(fc.constantFrom('1', '2', '7', '12', '__proto__')), { minLength: 1, maxLength: 9 });
const rules = fc.record<VoteRule>({
  minVotes: fc.option(fc.integer({ min: 1, max: 9 })),
  tieTrain: fc.constantFrom('drop', 'random', 'lexical'),
  tieEval: fc.constantFrom('random', 'earliest', 'lexical', 'abstain'),
  seed: fc.nat(50),
});

describe('the vote', () => {
  it('12. vote, consensus and grading use one key', async () => {
    // Three spellings of one number: one answer, held by all, and right.
    const spell = ['4', '8/2', '4.0'];
    const { state } = await debate(configOf({ rounds: 1 }), ({ draw }) => `\\boxed{${spell[draw.agent]}}`, { count: 1 });
    const [[qid, question]] = [...state.questions] as [[string, typeof state.questions extends ReadonlyMap<string, infer Q> ? Q : never]];
    expect(question.vote).toMatchObject({ counts: { 4: 3 }, winner: '4', label: '4' });
    expect(measures(state).consensus[0]).toMatchObject({ mean: 1, n: 1 });
    const graded = { ...state, questions: new Map([[qid, { ...question, question: { ...question.question, truth: '4' } }]]) };
    expect(voteAccuracy(graded)).toMatchObject({ k: 1, n: 1 });
    expect(answerAccuracy(graded, 1)).toMatchObject({ k: 3, n: 3 });
  });

  it('13. ties follow the chosen rule', () => {
    const tied = ['12', '7', null];
    expect(vote(at, tied, rule({ tieEval: 'lexical' })).winner).toBe('7');
    expect(vote(at, tied, rule({ tieEval: 'abstain' }))).toMatchObject({ winner: null, tie: true });
    expect(vote(at, tied, rule({ tieEval: 'earliest' }), [['12', '12', '7']]).winner).toBe('12');
    expect(
      vote(at, tied, rule({ tieEval: 'earliest' }), [
        ['12', '7', null],
        ['7', '7', '12'],
      ]).winner,
    ).toBe('7');
    expect(vote(at, tied, rule({ minVotes: 1, tieTrain: 'drop' }))).toMatchObject({ label: null, discarded: 'tie' });
    expect(vote(at, tied, rule({ minVotes: 1, tieTrain: 'lexical' })).label).toBe('7');
  });

  it('13. a drawn tie is fixed by the seed, falls on every tied answer, and changes with question and seed', () => {
    const winners = (tie: VoteRule['tieEval']) =>
      Array.from({ length: 400 }, (_, seed) => vote(at, ['a', 'b', 'c', 'c', 'b', 'a'], rule({ tieEval: tie, seed })).winner);
    for (const tie of ['random', 'earliest'] as const) {
      const drawn = winners(tie);
      expect(drawn).toEqual(winners(tie));
      for (const key of ['a', 'b', 'c']) expect(drawn.filter(winner => winner === key).length).toBeGreaterThan(90);
    }
    const byQuestion = new Set(Array.from({ length: 50 }, (_, i) => vote({ qid: `q${i}`, round: 2 }, ['a', 'b'], rule()).winner));
    expect(byQuestion.size).toBe(2);
  });

  it('13. the order of agents never matters', () => {
    fc.assert(
      fc.property(keys, rules, fc.array(keys, { maxLength: 2 }), fc.func(fc.nat()), (answers, given, earlier, rank) => {
        const shuffledKeys = [...answers.entries()].sort(([i], [j]) => rank(i) - rank(j)).map(([, key]) => key);
        expect(
          vote(
            at,
            shuffledKeys,
            given,
            earlier.map(round => [...round].reverse()),
          ),
        ).toEqual(vote(at, answers, given, earlier));
      }),
    );
  });

  it('14. minVotes is enforced: strict majority unless set', () => {
    expect([1, 2, 3, 4, 5].map(n => votesNeeded(n, null))).toEqual([1, 2, 2, 3, 3]);
    expect(vote(at, ['1', '1', '2'], rule())).toMatchObject({ label: '1', discarded: null });
    expect(vote(at, ['1', '2', '3'], rule())).toMatchObject({ label: null, discarded: 'min-votes' });
    expect(vote(at, ['1', '1', '2'], rule({ minVotes: 3 }))).toMatchObject({ winner: '1', label: null, discarded: 'min-votes' });
    expect(vote(at, ['1', '2', null], rule({ minVotes: 2, tieTrain: 'random' }))).toMatchObject({ label: null, discarded: 'min-votes' });
    expect(vote(at, ['1', null, null], rule({ minVotes: 1 }))).toMatchObject({ label: '1' });
    expect(vote(at, ['1', '1', null, null], rule())).toMatchObject({ label: null, discarded: 'min-votes' });
  });

  it('14. every discarded question has its reason, every accepted one enough votes', () => {
    fc.assert(
      fc.property(keys, rules, (answers, given) => {
        const { label, discarded, counts, n } = vote(at, answers, given);
        expect(label === null).toBe(discarded !== null);
        if (label !== null) expect(counts[label]).toBeGreaterThanOrEqual(votesNeeded(n, given.minVotes));
      }),
    );
  });

  it('15. unparsed answers stay in the denominator, and all of them unparsed is no answer', () => {
    expect(vote(at, [null, null, '3'], rule())).toMatchObject({ n: 3, unparsed: 2, counts: { 3: 1 }, winner: '3', label: null });
    expect(vote(at, [null, null], rule())).toMatchObject({
      n: 2,
      unparsed: 2,
      counts: {},
      winner: null,
      discarded: 'unparsed',
      tie: false,
    });
    fc.assert(
      fc.property(keys, rules, (answers, given) => {
        const { counts, unparsed, n } = vote(at, answers, given);
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0) + unparsed).toBe(n);
        expect(n).toBe(answers.length);
      }),
    );
    expect(() => vote(at, [], rule())).toThrow(RangeError);
  });

  it('says its rule in words', () => {
    expect(vote(at, ['1', '1', '2'], rule()).rule).toBe(
      'Most votes win; a tie is drawn by the run seed. For training: 2 of 3 votes needed; tied questions are dropped.',
    );
    const all = new Set<string>();
    for (const tieEval of ['random', 'earliest', 'lexical', 'abstain'] satisfies RunConfig['tieEval'][])
      for (const tieTrain of ['drop', 'random', 'lexical'] satisfies RunConfig['tieTrain'][])
        all.add(vote(at, ['1'], rule({ tieEval, tieTrain })).rule);
    expect(all.size).toBe(12);
  });
});
