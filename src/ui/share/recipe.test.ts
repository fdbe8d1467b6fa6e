import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { debatePlan } from '../../cli/debate-options';
import { defaultConfig } from '../../debate/defaults';
import { ownQuestion } from '../../tasks/tasks';
import { quoted, recipe } from './recipe';

describe('a run as a command', () => {
  it('is understood by the command line as the same settings', () => {
    const config = { ...defaultConfig(), rounds: 3, share: 'concat' as const, maxPeers: 2, seeOwn: false, seed: 9 };
    const question = ownQuestion('What is 7+3*8+2-4*5?', '13', 'numeric');
    const command = recipe(config, question);
    // The shell itself splits the words.
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${command.replace('npm run cli -- debate ', '')}`], { encoding: 'utf8' });
    const plan = debatePlan(words.trimEnd().split('\n'), 'public/models/abacus')!;
    expect(plan.questions[0]).toMatchObject({ text: question.text, truth: '13' });
    const { rounds, share, maxPeers, seeOwn, seed, equality, sampling } = plan.config;
    expect({ rounds, share, maxPeers, seeOwn, seed, equality, sampling }).toEqual({
      rounds: 3,
      share: 'concat',
      maxPeers: 2,
      seeOwn: false,
      seed: 9,
      equality: 'numeric',
      sampling: config.sampling,
    });
  });

  it('quotes whatever a run may hold', () => {
    const said = (text: string): string => execFileSync('sh', ['-c', `printf '%s' ${quoted(text)}`], { encoding: 'utf8' });
    expect(said('it\'s $(id) `id` \\ "')).toBe('it\'s $(id) `id` \\ "');
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), text => {
        expect(said(text.replaceAll('\0', ''))).toBe(text.replaceAll('\0', '').replace(/[\r\n]+/g, ' '));
      }),
      { numRuns: 40 },
    );
  });
});
