import { describe, expect, it } from 'vitest';
import { isDifficulty } from '../tasks/arithmetic/problem';
import { defaultConfig } from './defaults';
import { limits, tooLarge } from './limits';
import { asPublished, publishedDifficulty } from './published';
import { allTurns } from './schedule';

describe('as published', () => {
  it('is every starred row of method.md §3 that concerns a debate', () => {
    const { seats, ...published } = asPublished({ ...defaultConfig(), seed: 7 });
    expect(seats).toHaveLength(3);
    expect(published).toMatchObject({
      difficulty: publishedDifficulty,
      rounds: 2,
      order: 'sync',
      share: 'summary',
      summariser: 'base',
      seeOwn: true,
      maxPeers: null,
      minVotes: 1,
      tieTrain: 'lexical',
      tieEval: 'random',
      promptSet: 'paper',
      sampling: { temperature: 1, topP: 0.9, topK: 0, minP: 0, maxNewTokens: 2048 },
      seed: 7,
    });
    expect(isDifficulty(publishedDifficulty)).toBe(true);
  });

  it('leaves a question of one’s own without a difficulty', () => {
    expect(asPublished({ ...defaultConfig(), difficulty: '' }).difficulty).toBe('');
  });
});

describe('the limits of a run', () => {
  it('name how many questions would fit', () => {
    const config = defaultConfig();
    expect(tooLarge(config, limits.questions)).toBeNull();
    expect(tooLarge(config, limits.questions + 1)).toContain('2000');
    const wide = {
      ...config,
      seats: Array.from({ length: limits.agents }, () => ({ generator: null, critic: null })),
      rounds: limits.rounds,
    };
    const most = Number(/at most (\d+) of these/.exec(tooLarge(wide, 1000) ?? '')![1]);
    expect(tooLarge(wide, most)).toBeNull();
    expect(tooLarge(wide, most + 1)).not.toBeNull();
    expect(most * (allTurns(wide).length + 1)).toBeLessThanOrEqual(limits.events);
  });
});
