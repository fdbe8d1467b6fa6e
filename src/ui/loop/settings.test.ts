import { describe, expect, it } from 'vitest';
import { builtinModel } from '../../debate/defaults';
import { parseLoopConfig } from '../../experiment/schema';
import { fields, presetFor, readLoopDraft } from './settings';

describe('settings of a loop', () => {
  const gentle = presetFor('gentle', builtinModel);

  it('give back the preset when nothing was typed, or when what was typed is what stood there', () => {
    expect(readLoopDraft(gentle, {}).config).toBe(gentle);
    const same = Object.fromEntries(fields.map(field => [field.key, String(field.read(gentle))]));
    expect(readLoopDraft(gentle, same).config).toBe(gentle);
  });

  it('every field writes what it reads, and the result is a configuration', () => {
    for (const id of ['gentle', 'collapse', 'lecture'])
      for (const field of fields) {
        const preset = presetFor(id, builtinModel);
        const value = field.kind === 'choice' ? field.options.at(-1)!.value : String(field.whole ? Math.max(field.min, 3) : 0.05);
        const { config, problems } = readLoopDraft(preset, { [field.key]: value });
        expect([...problems]).toEqual([]);
        expect([field.key, String(field.read(config))]).toEqual([field.key, value]);
        expect(parseLoopConfig(config)).toEqual(config);
      }
  });

  it('a seed reaches debate and sets; size and seed leave the preset its name, the rest makes it custom', () => {
    const { config } = readLoopDraft(gentle, { seed: '7', iterations: '1' });
    expect([config.seed, config.debate.seed, config.datasets.seed, config.preset]).toEqual([7, 7, 7, 'gentle']);
    expect(readLoopDraft(gentle, { rate: '0.001' }).config.preset).toBe('custom');
  });

  it('counts in the unit of the preset: updates or passes', () => {
    const lecture = presetFor('lecture', builtinModel);
    expect(readLoopDraft(lecture, { 'generator-length': '5' }).config.training.generator).toMatchObject({ steps: null, epochs: 5 });
    expect(readLoopDraft(gentle, { 'generator-length': '5' }).config.training.generator).toMatchObject({ steps: 5, epochs: null });
  });

  it('says what is wrong with a field and keeps the preset’s value there', () => {
    const { config, problems } = readLoopDraft(gentle, { agents: '99', rounds: '1.5', w: '' });
    expect([...problems.keys()].sort()).toEqual(['agents', 'rounds', 'w']);
    expect(problems.get('agents')).toMatch(/99 is outside 1 to 8/);
    expect(config).toBe(gentle);
  });
});
