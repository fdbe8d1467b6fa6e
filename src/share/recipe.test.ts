import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../debate/defaults';
import type { RunConfig } from '../debate/config';
import { seededRandom } from '../tasks/arithmetic/random';
import { ownQuestion, taskById } from '../tasks/tasks';
import { ShareError } from './errors';
import { mutateText } from './mutations.fixture';
import { parseHash } from './parseHash';
import { decodeRecipe, encodeRecipe, type Recipe } from './recipe';

const [question] = taskById('arithmetic').questions!({ split: 'eval', count: 1, seed: 1, difficulty: 'standard' });
const recipe: Recipe = { config: defaultConfig(), question: question! };
const opened = (hash: string): Recipe => {
  const parsed = parseHash(`#${hash}`);
  if (parsed.kind !== 'recipe') throw new ShareError('not-a-run', 'no recipe', 'none');
  return decodeRecipe(parsed.fields);
};

describe('a recipe', () => {
  it('is short, can be read, and stays as it is', () => {
    expect(encodeRecipe(recipe)).toMatchInlineSnapshot(
      `"recipe=1&ask=What%20is%202+5*2+9-6*7?&id=arithmetic-2+5*2+9-6*7&answer=-21&task=arithmetic&split=eval&model=abacus&agents=3&rounds=2&seed=1"`,
    );
    expect(encodeRecipe(recipe)!.length).toBeLessThan(350);
  });

  it('comes back as the same settings and question', () => {
    const other: RunConfig = {
      ...defaultConfig(),
      seats: Array.from({ length: 5 }, () => ({ generator: null, critic: null })),
      rounds: 4,
      share: 'concat',
      seeOwn: false,
      maxPeers: 2,
      minVotes: 3,
      tieEval: 'abstain',
      seed: -7,
      sampling: { ...defaultConfig().sampling, temperature: 0.25, topK: 40 },
      summarySampling: { ...defaultConfig().summarySampling, maxNewTokens: 99 },
    };
    for (const config of [defaultConfig(), other])
      expect(opened(encodeRecipe({ config, question: question! })!)).toEqual({ config, question });
    const own = ownQuestion('What is 2+2 & why? 100% = "x" #é', '4', 'latex');
    const config = { ...defaultConfig(), task: 'own', difficulty: '', equality: 'latex' as const };
    expect(opened(encodeRecipe({ config, question: own })!)).toEqual({ config, question: own });
  });

  it('is not made of agents or models that are not to be had by a name', () => {
    const { config } = recipe;
    expect(encodeRecipe({ question: question!, config: { ...config, base: { kind: 'local', id: 'mine' } } })).toBeNull();
    expect(encodeRecipe({ question: question!, config: { ...config, seats: [{ generator: 'a', critic: null }] } })).toBeNull();
  });

  it('of a stranger ends in settings that pass, or in clear words', () => {
    const random = seededRandom('hostile recipe');
    const fragment = encodeRecipe(recipe)!;
    const tally = new Set<string>();
    const look = (hash: string): void => {
      try {
        const { config } = opened(hash);
        expect(config.seats.length).toBeLessThanOrEqual(26);
        tally.add('opened');
      } catch (error) {
        if (!(error instanceof ShareError)) throw error;
        expect(error.hint).not.toBe('');
        tally.add(error.code);
      }
    };
    for (let i = 0; i < 500; i++) look(mutateText(fragment, random));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => look(`recipe=1&${text}`)));
    look(fragment.replace('recipe=1', 'recipe=2'));
    look(`${fragment}&__proto__=1&constructor=2&rounds=1e9`);
    for (const reached of ['opened', 'invalid', 'newer', 'not-a-run']) expect([...tally]).toContain(reached);
  });
});
