import { describe, expect, it } from 'vitest';
import { hash128, seededOrder } from './hash';
import { keyOf } from './keys';
import { arithmeticOf, ownQuestion, taskById, tasks, textHash } from './tasks';

const arithmetic = taskById('arithmetic');
const draw = (split: 'train' | 'eval', seed: number, difficulty = 'standard', count = 400) =>
  arithmetic.questions!({ split, seed, difficulty, count });

describe('tasks', () => {
  it('1. train and evaluation questions are disjoint, by id and by text hash, for every seed and difficulty', () => {
    const ids = { train: new Set<string>(), eval: new Set<string>() };
    const hashes = { train: new Set<string>(), eval: new Set<string>() };
    for (const { id } of arithmetic.difficulties)
      for (const split of ['train', 'eval'] as const)
        for (const seed of [1, 2, 3])
          for (const question of draw(split, seed, id)) {
            expect(question).toMatchObject({ split, task: 'arithmetic', difficulty: id });
            ids[split].add(question.qid);
            hashes[split].add(question.textHash);
          }
    expect([...ids.train].filter(id => ids.eval.has(id))).toEqual([]);
    expect([...hashes.train].filter(hash => hashes.eval.has(hash))).toEqual([]);
    expect(hashes.train.size).toBe(ids.train.size);
  });

  it('questions of one draw differ, repeat under the same seed, and carry a truth in canonical form', () => {
    const questions = draw('eval', 7);
    expect(new Set(questions.map(({ textHash: hash }) => hash)).size).toBe(400);
    expect(draw('eval', 7)).toEqual(questions);
    expect(draw('eval', 8)).not.toEqual(questions);
    // More questions of the same seed begin with the same ones.
    expect(draw('eval', 7, 'standard', 10)).toEqual(questions.slice(0, 10));
    for (const { truth } of questions) expect(keyOf(truth!, 'numeric')).toBe(truth);
  });

  it('says so when a range has no more questions', () => {
    expect(() => draw('eval', 1, 'easy', 5000)).toThrow(/no 5000 different eval questions/);
    expect(() => draw('eval', 1, 'absurd')).toThrow(/no difficulty "absurd"/);
    expect(() => taskById('chess')).toThrow(/no task "chess"/);
  });

  it('the strategy of a built-in solution is recognised', () => {
    expect(arithmetic.strategyOf!('Pair the products: 2*3=6 …')).toBe('products paired');
    expect(arithmetic.strategyOf!('I do not know.')).toBeNull();
    for (const { equality, extraction } of tasks) expect([equality, extraction]).not.toContain(undefined);
  });

  it('a question of one’s own: truth given, worked out for the arithmetic form, or unknown', () => {
    expect(ownQuestion('  What is 1+2*3+4-5*6? ')).toMatchObject({ split: 'own', text: 'What is 1+2*3+4-5*6?', truth: '-19' });
    expect(ownQuestion('Half of one?', '0.50').truth).toBe('1/2');
    expect(ownQuestion('Why?').truth).toBeNull();
    expect(ownQuestion('Why?').qid).toBe(ownQuestion(' why? ').qid);
    expect(() => ownQuestion('  ')).toThrow(RangeError);
    expect(() => ownQuestion('How many?', 'many', 'numeric')).toThrow(/cannot be read/);
  });

  it('takes only the whole of `a+b*c+d-e*f` for arithmetic', () => {
    expect(arithmeticOf('1+2*3+4-5*6')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(arithmeticOf('compute 1 + 2*3 + 4 - 5*6 =')).toEqual([1, 2, 3, 4, 5, 6]);
    for (const text of ['1+2*3+4-5*6-7', '9*1+2*3+4-5*6', '1+2*3+4-5*6 apples', 'Is 1+2*3+4-5*6 negative?'])
      expect(arithmeticOf(text)).toBeNull();
  });

  it('a text hash ignores case, spacing and Unicode spelling, and nothing else', () => {
    expect(textHash('What  is\n1?')).toBe(textHash(' what is 1? '));
    expect(textHash('１')).toBe(textHash('1'));
    expect(textHash('1+2')).not.toBe(textHash('2+1'));
  });
});

describe('hash', () => {
  it('is MurmurHash3 x86 128', () => {
    expect(hash128('')).toBe('0'.repeat(32));
    expect(hash128('The quick brown fox jumps over the lazy dog')).toBe('2f1583c3ecee2c675d7bf66ce5e91d2c');
  });

  it('orders by seed and name, not by the order given, and evenly', () => {
    const items = ['a', 'b', 'c', 'd'];
    const first = { a: 0, b: 0, c: 0, d: 0 } as Record<string, number>;
    for (let seed = 0; seed < 4000; seed++) {
      const order = seededOrder(items, String, seed);
      expect(seededOrder([...items].reverse(), String, seed)).toEqual(order);
      first[order[0]!]!++;
    }
    // 1000 ± 5 standard errors.
    for (const count of Object.values(first)) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });
});
