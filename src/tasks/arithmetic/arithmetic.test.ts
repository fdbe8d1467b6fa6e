import { describe, expect, it } from 'vitest';
import { compareExample, drill, reviseExample, solveExample, summariseExample, type CorpusOptions } from './corpus';
import { answer, drawProblem, isHeldOut, parseQuestion, questionText, ranges, type Difficulty, type Problem } from './problem';
import { revisePrompt, summarisePrompt, summaryText } from './prompts';
import { seededRandom } from './random';
import { careful, imperfect, slip } from './slips';
import { boxed, evaluate, firstDispute, stepsOf } from './steps';
import { solve, styleOf, styles } from './styles';

const options: CorpusOptions = {
  difficulties: [
    ['standard', 1],
    ['paper', 1],
  ],
  slipRate: 0.1,
  shownSlipRates: [0, 0.2],
  criticSlipRate: 0,
};
const problems = (n: number, difficulty: Difficulty = 'standard'): Problem[] => {
  const random = seededRandom(`test ${difficulty}`);
  return Array.from({ length: n }, () => drawProblem(random, difficulty, 'train'));
};
const example: Problem = [2, 7, 4, 9, 4, 8];

describe('problems', () => {
  it('are the same for the same seed, within range, and never shared between splits', () => {
    for (const difficulty of Object.keys(ranges) as Difficulty[]) {
      const [x, y] = [seededRandom(3), seededRandom(3)];
      for (let i = 0; i < 300; i++) {
        const split = i % 2 ? 'train' : 'eval';
        const problem = drawProblem(x, difficulty, split);
        expect(drawProblem(y, difficulty, split)).toEqual(problem);
        expect(isHeldOut(problem)).toBe(split === 'eval');
        expect(Math.min(...problem)).toBeGreaterThanOrEqual(ranges[difficulty].low);
        expect(Math.max(...problem)).toBeLessThanOrEqual(ranges[difficulty].high);
        expect(parseQuestion(questionText(problem))).toEqual(problem);
      }
    }
  });

  it('pins the world, so that no later change silently moves training problems into evaluation', () => {
    const random = seededRandom(1);
    expect([questionText(drawProblem(random, 'standard', 'eval')), questionText(drawProblem(random, 'paper', 'train'))])
      .toMatchInlineSnapshot(`
      [
        "What is 8+7*4+6-5*3?",
        "What is 5+19*8+19-13*24?",
      ]
    `);
    const all = seededRandom('share');
    let held = 0;
    for (let i = 0; i < 20000; i++) held += +isHeldOut(Array.from({ length: 6 }, () => 1 + Math.floor(all() * 9)) as unknown as Problem);
    expect(held / 20000).toBeCloseTo(0.1, 2);
  });
});

describe('styles', () => {
  it('reads as it should', () => {
    expect(styles.map(style => solve(example, style)).join('\n')).toMatchInlineSnapshot(`
      "First multiply: 7*4=28 and 4*8=32. Then 2+28=30, 30+9=39, 39-32=7. So \\boxed{7}
      From the right: 4*8=32, 9-32=-23, 7*4=28, 28-23=5, 2+5=7. So \\boxed{7}
      Plus terms: 2+9=11, 7*4=28, 11+28=39. Minus 4*8=32: 39-32=7. So \\boxed{7}
      Pair the products: 7*4=28, 4*8=32, 28-32=-4. Rest 2+9=11, 11-4=7. So \\boxed{7}
      Split: 7*4=5*4+2*4=20+8=28, 28+9=37. 4*8=4*5+4*3=20+12=32, 37-32=5. Add 5+2=7. So \\boxed{7}
      Tens: 4*8=4*10-4*2=40-8=32, 2-32=-30, -30+9=-21. 7*4=10*4-3*4=40-12=28, -21+28=7. So \\boxed{7}
      Factor: 4-8=-4, 7*-4=-28, 7-4=3, 8*3=24, -28+24=-4. Rest 2+9=11, 11-4=7. So \\boxed{7}"
    `);
  });

  it('each gives the right answer, by true steps only, in every range', () => {
    for (const difficulty of Object.keys(ranges) as Difficulty[])
      for (const problem of problems(200, difficulty))
        for (const style of styles) {
          const text = solve(problem, style, careful);
          expect(boxed(text)).toBe(answer(problem));
          expect(styleOf(text)).toBe(style);
          expect(stepsOf(text).length).toBeGreaterThanOrEqual(5);
          for (const step of stepsOf(text)) expect(evaluate(step.left), `${step.left} in ${text}`).toBe(step.value);
        }
  });

  it('are different computations: their intermediate values differ, not only their words', () => {
    const values = (problem: Problem, style: (typeof styles)[number]) =>
      stepsOf(solve(problem, style))
        .map(step => step.value)
        .join();
    const sample = problems(300);
    for (const x of styles)
      for (const y of styles)
        if (x !== y) expect(sample.filter(p => values(p, x) === values(p, y)).length, `${x} and ${y}`).toBeLessThan(sample.length * 0.02);
  });

  it('is known behind an opening check, and unknown elsewhere', () => {
    expect(styleOf(`Check 4*5=20. ${solve(example, 'Tens')}`)).toBe('Tens');
    expect(styleOf('Firstly we add')).toBeNull();
    expect(styleOf('')).toBeNull();
  });
});

describe('slips', () => {
  it('are wrong, small and keep the sign; later steps build on them', () => {
    const random = seededRandom(5);
    for (let i = 0; i < 2000; i++) {
      const value = Math.floor(random() * 200) - 100;
      expect(slip(random, value)).not.toBe(value);
      if (value > 0) expect(slip(random, value)).toBeGreaterThanOrEqual(0);
    }
    let calls = 0;
    const text = solve(example, 'First', value => (calls++ === 0 ? 38 : value));
    expect(text).toBe('First multiply: 7*4=38 and 4*8=32. Then 2+38=40, 40+9=49, 49-32=17. So \\boxed{17}');
  });

  it('come at the asked rate', () => {
    const random = seededRandom(6);
    const author = imperfect(random, 0.1);
    let wrong = 0;
    for (let i = 0; i < 20000; i++) wrong += +(author(50) !== 50);
    expect(wrong / 20000).toBeCloseTo(0.1, 2);
  });
});

describe('summaries', () => {
  const peer = (letter: string, text: string) => ({ name: `Agent ${letter}`, text });
  it('name every distinct answer, its holders, and the first shared step that differs', () => {
    const a = solve([1, 2, 3, 4, 4, 5], 'First', v => (v === 20 ? 30 : v));
    const b = solve([1, 2, 3, 4, 4, 5], 'From');
    const c = solve([1, 2, 3, 4, 4, 5], 'Plus', v => (v === 20 ? 30 : v));
    expect(summaryText([peer('A', a), peer('B', b), peer('C', c), peer('D', 'I do not know')])).toBe(
      'Agent A: -19. Agent B: -9. Agent C: -19. Agent D: no answer. They differ at 4*5: 30 or 20.',
    );
    expect(summaryText([peer('A', b), peer('B', b)])).toBe('Agent A: -9. Agent B: -9. All agree.');
    expect(summaryText([peer('C', b)])).toBe('Agent C: -9.');
    expect(summaryText([peer('A', 'So \\boxed{1}'), peer('B', 'So \\boxed{2}')])).toBe('Agent A: 1. Agent B: 2. No shared step differs.');
    expect(firstDispute(['7*8=7*5+7*3=35+21=56', '7*8=54'])).toEqual({ left: '7*8', values: [56, 54] });
  });

  it('reads every chain to its end', () => {
    expect(stepsOf('Split: 7*8=5*8+2*8=40+16=56, 2-32=-30. -4+24=20, 7*-4=-28')).toEqual([
      { left: '7*8', value: 56 },
      { left: '40+16', value: 56 },
      { left: '2-32', value: -30 },
      { left: '-4+24', value: 20 },
      { left: '7*-4', value: -28 },
    ]);
  });
});

describe('prompts', () => {
  it('put the question last and pin their text', () => {
    const peers = [{ name: 'Agent B', text: 'one\ntwo' }];
    expect(revisePrompt('Q?', 'mine', { kind: 'solutions', peers })).toEqual([
      { role: 'user', content: 'Q?' },
      { role: 'assistant', content: 'mine' },
      { role: 'user', content: 'Agent B: one two\nQ?' },
    ]);
    expect(revisePrompt('Q?', null, { kind: 'summary', text: 'S.' })).toEqual([{ role: 'user', content: 'Summary: S.\nQ?' }]);
    expect(revisePrompt('Q?', 'mine', { kind: 'none' }).at(-1)!.content).toBe('Q?');
    expect(summarisePrompt(peers)).toEqual([{ role: 'user', content: 'Agent B: one two\nSummarise.' }]);
  });
});

describe('corpus', () => {
  it('can be made again and holds no problem of the evaluation split', () => {
    const makers = [solveExample, summariseExample, reviseExample, compareExample];
    for (const make of makers) {
      const [x, y] = [seededRandom(9), seededRandom(9)];
      for (let i = 0; i < 300; i++) {
        const one = make(x, options);
        expect(make(y, options)).toEqual(one);
        const question = parseQuestion(one.messages.at(-1)!.content);
        if (make === solveExample || make === reviseExample) expect(isHeldOut(question!)).toBe(false);
      }
    }
  });

  it('lets critics answer rightly and solvers err at about the asked rate', () => {
    const random = seededRandom(10);
    let solved = 0;
    let revised = 0;
    for (let i = 0; i < 1000; i++) {
      const s = solveExample(random, options);
      solved += +(boxed(s.target) === answer(parseQuestion(s.messages[0]!.content)!));
      const r = reviseExample(random, options);
      revised += +(boxed(r.target) === answer(parseQuestion(r.messages.at(-1)!.content)!));
      for (const { left, value } of stepsOf(r.target)) expect(evaluate(left)).toBe(value);
    }
    expect(revised).toBe(1000);
    expect(solved / 1000).toBeGreaterThan(0.4);
    expect(solved / 1000).toBeLessThan(0.7);
  });

  it('drills true facts', () => {
    const facts = drill(seededRandom(11), options, 40).split(', ');
    expect(facts).toHaveLength(40);
    for (const fact of facts) expect(evaluate(fact.split('=')[0]!)).toBe(Number(fact.split('=')[1]));
    expect(facts.filter(fact => fact.includes('=-')).length).toBeGreaterThan(10);
  });
});
