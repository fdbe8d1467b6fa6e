import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../debate/defaults';
import { settingValue } from '../debate/setting';
import { settings } from '../debate/settings';
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

  it('--preset as-published takes every published value; other flags come on top', () => {
    const { config } = plan('--preset', 'as-published', '--tie-train', 'drop');
    expect(config).toEqual({
      ...defaultConfig(),
      difficulty: 'paper',
      minVotes: 1,
      tieTrain: 'drop',
      promptSet: 'paper',
      sampling: { temperature: 1, topK: 0, topP: 0.9, minP: 0, maxNewTokens: 2048 },
      summarySampling: { temperature: 1, topK: 0, topP: 0.9, minP: 0, maxNewTokens: 2048 },
    });
    expect(plan('--preset', 'as-published').config.tieTrain).toBe('lexical');
    expect(plan('--preset', 'as-published', '--difficulty', 'easy').config.difficulty).toBe('easy');
    expect(plan('--preset', 'as-published', '--ask', 'Why?').config).toMatchObject({ task: 'own', difficulty: '', promptSet: 'paper' });
  });

  it('has a flag for every setting of the page, and each reaches its place', () => {
    for (const setting of settings) {
      const on = setting.kind === 'number' ? String(setting.max) : String(setting.options.at(-1)!.value);
      const isSwitch = setting.kind === 'choice' && typeof setting.options[0]!.value === 'boolean';
      const extra = setting.key === 'minVotes' ? ['--agents', '26'] : [];
      const { config } = plan(...(isSwitch ? [`--${setting.flag}`] : [`--${setting.flag}`, on]), '--questions', '2', ...extra);
      expect([setting.flag, String(settingValue(config, setting.key))]).toEqual([setting.flag, on]);
    }
    expect(new Set(settings.map(({ flag }) => flag)).size).toBe(settings.length);
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
      [['--agents', '0'], /--agents takes a whole number from 1 to 26, not "0"/],
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
      [['--questions', '2001'], /--questions takes a whole number from 1 to 2000/],
      [['--questions', '2000', '--difficulty', 'easy'], /no 2000 different/],
      [['--questions', '400', '--agents', '26', '--rounds', '4', '--difficulty', 'paper'], /182 calls.*at most 322 of these/],
      [['--agents', '3', '--min-votes', '4'], /4 votes cannot come from 3 agents/],
      [['--preset', 'mine'], /--preset takes as-published/],
      [['--tie-train', 'sometimes'], /--tie-train takes drop, random, lexical/],
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
    for (const flag of ['questions', 'resume', 'preset', ...settings.map(one => one.flag)]) expect(debateHelp).toContain(`  --${flag}`);
  });
});
