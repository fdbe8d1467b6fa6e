import { describe, expect, it } from 'vitest';
import { fixtureRun } from '../../../test/fixtures/run';
import { foldAll } from '../../debate/fold';
import { sourceLine, weightsWords } from './describe';
import { featuredWords } from './featured';

const state = foldAll(fixtureRun().events);

describe('a recording in words', () => {
  it('names model, size, weights, device, day and seed', () => {
    expect(sourceLine('Recorded', state)).toBe('Recorded 21 Nov 2026 · abacus · 1.0 M · fp32 · cpu · weights f1x7u2e0 · seed 1');
    const hub = { ...state.engine!, base: { kind: 'hub', id: 'some/model', revision: '0123456789abcdef' } as const };
    expect(weightsWords(hub)).toBe('revision 01234567, weights f1x7u2e0');
  });

  it('says by which rule it was chosen', () => {
    expect(featuredWords(state)).toContain('first vote was wrong or tied');
    const agreed = foldAll(
      fixtureRun(undefined, [
        [13, 13, 33],
        [13, 13, 13],
      ]).events,
    );
    expect(featuredWords(agreed)).toContain('first disagreed');
  });
});
