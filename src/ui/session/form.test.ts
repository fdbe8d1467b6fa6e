import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../debate/defaults';
import { asPublished } from '../../debate/published';
import { settings } from '../../debate/settings';
import { draftOf, fieldText, readDraft, readField } from './form';
import { presetOf, presets } from './presets';

const defaults = defaultConfig();
const setting = (key: string) => settings.find(candidate => candidate.key === key)!;

describe('the settings form', () => {
  it('reads every default back from its own field', () => {
    for (const one of settings) {
      const { config, problems } = readDraft(settings, defaults, { [one.key]: fieldText(one, defaults) });
      expect([one.key, config, [...problems]]).toEqual([one.key, defaults, []]);
    }
  });

  it('applies edits, nested ones and seats included', () => {
    const { config } = readDraft(settings, defaults, { seats: '5', 'sampling.temperature': '0.7', maxPeers: '2', seeOwn: 'false' });
    expect(config.seats).toHaveLength(5);
    expect(config.sampling).toEqual({ ...defaults.sampling, temperature: 0.7 });
    expect([config.maxPeers, config.seeOwn]).toEqual([2, false]);
  });

  it('says what is wrong with a field and keeps the others', () => {
    const { config, problems } = readDraft(settings, defaults, { seats: '99', rounds: 'two', seed: '1.5', 'sampling.topK': '7' });
    expect([...problems.keys()].sort()).toEqual(['rounds', 'seats', 'seed']);
    expect(problems.get('seats')).toContain('outside 1 to 26');
    expect(problems.get('rounds')).toContain('“two”');
    expect(config).toEqual({ ...defaults, sampling: { ...defaults.sampling, topK: 7 } });
  });

  it('takes an empty field for the default meaning only where there is one', () => {
    expect(readField(setting('maxPeers'), ' ')).toEqual({ ok: true, value: null });
    expect(readField(setting('seats'), '').ok).toBe(false);
    expect(readField(setting('share'), 'telepathy').ok).toBe(false);
  });

  it('refuses a label rule that no vote can meet', () => {
    expect(readDraft(settings, defaults, { seats: '2', minVotes: '3' }).problems.get('minVotes')).toContain('2 agents');
  });

  it('writes the draft that leads to a configuration', () => {
    const { config } = readDraft(settings, defaults, { seats: '4', share: 'concat', minVotes: '2' });
    expect(draftOf(settings, defaults, config)).toEqual({ seats: '4', share: 'concat', minVotes: '2' });
    expect(readDraft(settings, defaults, draftOf(settings, defaults, config)).config).toEqual(config);
  });
});

describe('presets', () => {
  it.each([defaults, defaultConfig({ kind: 'hub', id: 'some/model' })])('are each recognised by what they lead to', base => {
    for (const preset of presets) {
      const { config, problems } = readDraft(settings, base, preset.draft(base));
      expect([...problems]).toEqual([]);
      expect(presetOf({ ...config, seed: 5 }, base, preset.difficulty ?? 'easy')?.id).toBe(preset.id);
    }
    expect(presetOf(base, base, 'easy')).toBeNull();
    expect(readDraft(settings, base, presets[0]!.draft(base)).config).toEqual({ ...asPublished(base), difficulty: base.difficulty });
  });
});
