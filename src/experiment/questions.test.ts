import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { taskById } from '../tasks/tasks';
import type { Question } from '../tasks/question';
import { loopConfigOf } from './loop.fixture';
import { apartFrom, assertDisjoint, evalQuestions, trainQuestions } from './questions';

const difficulties = taskById('arithmetic').difficulties.map(({ id }) => id);

describe('1. train and evaluation questions are disjoint, by id and by text', () => {
  test('for every seed, size and difficulty, fixed or resampled', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(...difficulties),
        (seed, train, held, difficulty) => {
          const config = loopConfigOf({ seed, trainQuestions: train, evalQuestions: held, questions: 'resample' });
          config.debate = { ...config.debate, difficulty };
          const evaluate = evalQuestions(config);
          const rounds = [1, 2, 3].map(iteration => trainQuestions(config, evaluate, iteration));
          expect(rounds.map(list => list.length)).toEqual([train, train, train]);
          const all = [...evaluate, ...rounds.flat()];
          expect(new Set(all.map(({ qid }) => qid)).size).toBe(all.length);
          expect(new Set(all.map(({ textHash }) => textHash)).size).toBe(all.length);
          expect(() => assertDisjoint(rounds.flat(), evaluate)).not.toThrow();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('fixed questions stay; resampled ones begin with the same', () => {
    const fixed = loopConfigOf({ questions: 'fixed' });
    const evaluate = evalQuestions(fixed);
    expect(trainQuestions(fixed, evaluate, 3)).toEqual(trainQuestions(fixed, evaluate, 1));
    expect(trainQuestions(loopConfigOf({ questions: 'resample' }), evaluate, 1)).toEqual(trainQuestions(fixed, evaluate, 1));
  });

  test('a question that is spelt differently is still the same question', () => {
    const question = (qid: string, textHash: string): Question => ({ qid, task: 'own', split: 'own', text: qid, textHash, truth: null });
    const held = [question('a', 'same text')];
    expect(apartFrom(held, [question('b', 'same text'), question('a', 'other text'), question('c', 'third')])).toEqual([
      question('c', 'third'),
    ]);
    expect(() => assertDisjoint([question('b', 'same text')], held)).toThrow(/"b" is both trained on and evaluated/);
  });

  test('what a task cannot give is refused', () => {
    const config = loopConfigOf({ evalQuestions: 100_000 });
    expect(() => evalQuestions({ ...config, debate: { ...config.debate, difficulty: 'easy' } })).toThrow(
      /no 100000 different eval questions/,
    );
    expect(() => evalQuestions({ ...config, debate: { ...config.debate, task: 'own' } })).toThrow(/no questions to draw from/);
  });
});
