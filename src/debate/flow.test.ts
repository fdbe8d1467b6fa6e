import { describe, expect, it } from 'vitest';
import { flipTable, moveKind, movesOf } from './flow';
import { configOf, debate, startOf, type Script } from './scripted.fixture';

const truths = new Map(startOf(configOf(), 4).questions.map(({ qid, truth }) => [qid, truth!]));
/** A right, B wrong, C unparsed; then A wrong, B wrong as before, C right. */
const script: Script = ({ draw: { role, round, agent, qid } }) => {
  if (role === 'summariser') return 'Summary.';
  const right = truths.get(qid)!;
  const said = round === 1 ? [right, '777', null][agent] : ['888', '777', right][agent];
  return said === null ? 'No idea.' : `\\boxed{${said}}`;
};

describe('changes of mind', () => {
  it('names each kind', () => {
    expect(moveKind('1', '2', '2')).toBe('corrected');
    expect(moveKind(null, '2', '2')).toBe('corrected');
    expect(moveKind('2', '1', '2')).toBe('lost');
    expect(moveKind('2', null, '2')).toBe('lost');
    expect(moveKind('2', '2', '2')).toBe('held-right');
    expect(moveKind('1', '1', '2')).toBe('held-wrong');
    expect(moveKind('1', '3', '2')).toBe('moved');
    expect(moveKind('1', '3', null)).toBe('moved');
    expect(moveKind('1', '1', null)).toBe('held');
    expect(moveKind(null, null, '2')).toBe('held');
  });

  it('counts them over a run, and says whom each critic read', async () => {
    for (const share of ['summary', 'concat', 'none'] as const) {
      const config = configOf({ share });
      const { state } = await debate(config, script, { count: 3 });
      expect(flipTable(state)).toEqual({ corrected: 3, lost: 3, 'held-right': 0, 'held-wrong': 3, moved: 0, held: 0 });
      expect(flipTable(state, 3)).toMatchObject({ corrected: 0, lost: 0 });
      const [question] = state.questions.values();
      for (const move of movesOf(config, question!)) {
        const readers = move.read.map(id => question!.turns.get(id)!.agent).sort();
        expect(readers).toEqual(share === 'none' ? [] : [0, 1, 2].filter(agent => agent !== move.agent));
      }
    }
  });
});
