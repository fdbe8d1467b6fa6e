import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../debate/defaults';
import { debateHelp, debatePlan } from './debate-options';
import { CliError } from './errors';

const dir = 'public/models/abacus';
const plan = (...args: string[]) => debatePlan(args, dir)!;

describe('options of debate', () => {
  it('without any, it is the pinned default on 20 held-out questions', () => {
    const { config, questions, out, resume } = plan();
    expect(config).toEqual(defaultConfig());
    expect(questions).toHaveLength(20);
    expect(questions.every(({ split }) => split === 'eval')).toBe(true);
    expect([out, resume]).toEqual(['run.json', false]);
  });

  it('19. every option reaches the configuration', () => {
    const { config } = plan(
      ...'--agents 5 --rounds 4 --share concat --order sequential --summariser self --hide-own --max-peers 2 --min-votes 4'.split(' '),
      ...'--tie earliest --equality exact --prompts paper --temperature 0.3 --top-p 0.8 --top-k 9 --max-tokens 50 --summary-tokens 40'.split(
        ' ',
      ),
      ...'--seed 77 --retries 0 --difficulty paper'.split(' '),
    );
    expect(config).toEqual({
      ...defaultConfig(),
      seats: Array(5).fill({ generator: null, critic: null }),
      rounds: 4,
      share: 'concat',
      order: 'sequential',
      summariser: 'self',
      seeOwn: false,
      maxPeers: 2,
      minVotes: 4,
      tieEval: 'earliest',
      equality: 'exact',
      promptSet: 'paper',
      sampling: { temperature: 0.3, topP: 0.8, topK: 9, minP: 0, maxNewTokens: 50 },
      summarySampling: { ...defaultConfig().summarySampling, maxNewTokens: 40 },
      seed: 77,
      retries: 0,
      difficulty: 'paper',
    });
  });

  it('a question of one’s own', () => {
    const { questions, config } = plan('--ask', 'Half of one?', '--answer', '0.5');
    expect(questions).toMatchObject([{ task: 'own', truth: '1/2', text: 'Half of one?' }]);
    expect(config).toMatchObject({ task: 'own', equality: 'latex' });
  });

  it('another model folder is a local base with room for longer answers', () => {
    expect(plan('--model', 'models/other/').config).toMatchObject({
      base: { kind: 'local', id: 'other' },
      promptSet: 'default',
      sampling: { maxNewTokens: 512 },
    });
  });

  it('refuses what cannot be meant, in words, with exit code 2', () => {
    const wrong: [string[], RegExp][] = [
      [['--agents', '0'], /--agents takes a whole number from 1 to 64, not "0"/],
      [['--agents', '2.5'], /whole number/],
      [['--rounds', 'many'], /not "many"/],
      [['--temperature=-1'], /--temperature takes a number/],
      [['--share', 'all'], /--share takes summary, concat, none; not "all"/],
      [['--difficulty', 'absurd'], /--difficulty takes easy/],
      [['--agnts', '3'], /--agnts/],
      [['stray'], /stray/],
      [['--ask', 'x', '--questions', '3'], /--ask stands alone/],
      [['--answer', '3'], /--answer belongs to --ask/],
      [['--ask', ' '], /empty/],
      [['--questions', '5000', '--difficulty', 'easy'], /no 5000 different/],
      [['--only', 'nothing'], /none of these questions/],
      [['--seed', ''], /--seed/],
    ];
    for (const [args, message] of wrong) {
      let error: unknown;
      try {
        plan(...args);
      } catch (caught) {
        error = caught;
      }
      expect(error, args.join(' ')).toBeInstanceOf(CliError);
      expect((error as CliError).message).toMatch(message);
      expect((error as CliError).exitCode).toBe(2);
    }
  });

  it('--help lists every option', () => {
    expect(debatePlan(['--help'], dir)).toBeNull();
    for (const flag of ['--questions', '--resume', '--max-peers', '--prompts']) expect(debateHelp).toContain(flag);
  });
});
