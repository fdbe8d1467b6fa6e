import { describe, expect, it } from 'vitest';
import { fixtureRun, randomScript, story } from '../../../test/fixtures/run';
import { foldAll, type QuestionState } from '../../debate/fold';
import { answer } from '../../tasks/arithmetic/problem';
import { agentLetter, inWords } from '../look/agents';
import { ballotOf, ballotWords } from './ballot';
import { answerBefore, roundReached, saidInRound } from './cells';
import { ledgerOf } from './ledger';
import { answerTints } from './tints';
import { duration, grouped, parameters, verdict } from './words';

const stateOf = (file = fixtureRun()): QuestionState => [...foldAll(file.events).questions.values()][0]!;
const empty = (state: QuestionState): QuestionState => ({ ...state, turns: new Map(), failed: new Map(), partial: new Map(), vote: null });
const whole = stateOf();

describe('answers of a round', () => {
  it('tells answers, missing answers and silence apart', () => {
    expect(saidInRound(whole, 1, 3)).toEqual([
      { kind: 'key', key: '13' },
      { kind: 'key', key: '33' },
      { kind: 'none', failed: false },
    ]);
    expect(saidInRound(empty(whole), 1, 3).every(({ kind }) => kind === 'waiting')).toBe(true);
  });

  it('counts a failed call as no answer and says that it failed', () => {
    const id = `${whole.question.qid}/1.0.generator`;
    const failed = new Map([
      [
        id,
        {
          type: 'turn-failed',
          id,
          qid: whole.question.qid,
          round: 1,
          agent: 0,
          role: 'generator',
          error: { code: 'internal', message: 'x' },
        } as const,
      ],
    ]);
    expect(saidInRound({ ...empty(whole), failed }, 1, 1)).toEqual([{ kind: 'none', failed: true }]);
  });

  it('sets an answer beside the one a round earlier, if there is one', () => {
    expect([0, 1, 2].map(agent => answerBefore(whole, 2, agent))).toEqual(['13', '33', null]);
    expect([answerBefore(whole, 1, 0), answerBefore(empty(whole), 2, 0)]).toEqual([undefined, undefined]);
  });

  it('knows how far the debate is', () => {
    expect([roundReached(empty(whole)), roundReached(whole)]).toEqual([0, 2]);
  });
});

describe('ballot', () => {
  it('puts the largest block first and the unparsed last', () => {
    expect(ballotOf(whole, 2, 3)).toEqual({
      round: 2,
      n: 3,
      waiting: 0,
      blocks: [
        { key: '13', agents: [0, 1] },
        { key: '33', agents: [2] },
      ],
    });
    expect(ballotOf(whole, 1, 3).blocks.at(-1)).toEqual({ key: null, agents: [2] });
  });
  it('keeps every agent exactly once', () => {
    const state = stateOf(fixtureRun(story.problem, randomScript(8, 4, answer(story.problem), 5)));
    for (let round = 1; round <= 4; round++) {
      const { blocks, waiting } = ballotOf(state, round, 8);
      expect(blocks.flatMap(block => block.agents).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(waiting).toBe(0);
    }
  });
  it('speaks', () => {
    expect(ballotWords(ballotOf(whole, 1, 3), agentLetter)).toBe('13: A. 33: B. No answer: C.');
    expect(ballotWords(ballotOf(empty(whole), 1, 3), agentLetter)).toBe('No votes yet.');
  });
});

describe('tints', () => {
  it('give the winner the first one and keep everything else in order of appearance', () => {
    const tints = answerTints({ ...whole, vote: { ...whole.vote!, winner: '33' } }, 3, 2);
    expect([...tints]).toEqual([
      ['33', 0],
      ['13', 1],
    ]);
  });
  it('run out into one grey', () => {
    const many = stateOf(
      fixtureRun(story.problem, [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
      ]),
    );
    expect(Math.max(...answerTints(many, 5, 2).values())).toBe(7);
    expect(answerTints(many, 5, 2).size).toBe(10);
  });
});

describe('words', () => {
  it('judge against the truth, and claim nothing without it', () => {
    expect([verdict('13', '13'), verdict('33', '13'), verdict(null, '13'), verdict('13', null)]).toEqual([
      'right',
      'wrong',
      'unparsed',
      'unknown',
    ]);
  });
  it('set numbers', () => {
    expect([duration(42), duration(940), duration(1250), duration(12_400), duration(200_000)]).toEqual([
      '42 ms',
      '0.94 s',
      '1.3 s',
      '12 s',
      '3 min 20 s',
    ]);
    expect([parameters(1_020_000), parameters(135_000_000), parameters(999)]).toEqual(['1.0 M', '135 M', '999']);
    expect(grouped(1_234_567)).toBe('1\u202f234\u202f567');
    expect(inWords(['A', 'B', 'C'])).toBe('A, B and C');
  });
});

describe('cost', () => {
  it('adds up calls and tokens, and takes the slowest turn of a step', () => {
    const ledger = ledgerOf(whole);
    const turns = [...whole.turns.values()];
    expect(ledger.calls).toBe(9);
    expect(ledger.newTokens).toBe(turns.reduce((sum, turn) => sum + turn.usage.newTokens, 0));
    const slowest = (round: number, role: string) =>
      Math.max(...turns.filter(turn => turn.round === round && turn.role === role).map(turn => turn.usage.ms));
    expect(ledger.ms).toBe(slowest(1, 'generator') + slowest(2, 'summariser') + slowest(2, 'critic'));
  });
});
