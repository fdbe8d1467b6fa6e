import { describe, expect, it } from 'vitest';
import { presetById } from '../../experiment/presets';
import type { KeepStore } from '../look/keep';
import { SetSettings } from './set-settings.svelte';

function memory(): () => KeepStore {
  const kept = new Map<string, string>();
  return () => ({
    getItem: name => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: name => void kept.delete(name),
  });
}
const gentle = presetById('gentle').config.training;

describe('settings of the training of a set', () => {
  it('are those of the gentle preset for its role, until something is chosen', () => {
    const choices = new SetSettings(memory());
    expect(choices.read('a', 'generator').settings).toEqual(gentle.generator);
    expect(choices.read('a', 'critic').settings).toEqual(gentle.critic);
    choices.choose('a', 'collapse');
    expect(choices.read('a', 'generator').settings).toEqual(presetById('collapse').config.training.generator);
  });

  it('are each set’s own, and outlive the page: a training under way is found by them', () => {
    const store = memory();
    const choices = new SetSettings(store);
    choices.type('a', 'learningRate', '0.001');
    choices.type('a', 'unit', 'epochs');
    choices.type('a', 'epochs', '7');
    const again = new SetSettings(store);
    expect(again.read('a', 'generator').settings).toEqual({ ...gentle.generator, learningRate: 0.001, steps: null, epochs: 7 });
    expect(again.read('b', 'generator').settings).toEqual(gentle.generator);
    again.reset('a');
    expect(again.read('a', 'generator').settings).toEqual(gentle.generator);
  });

  it('say what is wrong, with the name of the field; storage that holds something else holds nothing', () => {
    const choices = new SetSettings(memory());
    choices.type('a', 'rank', '0');
    choices.type('a', 'warmupSteps', '');
    expect([...choices.read('a', 'generator').problems]).toEqual([
      ['rank', 'Rank: an adapter has a rank of at least 1.'],
      ['warmupSteps', 'Warm-up: a whole number from 0 to 100000 is needed.'],
    ]);
    const store = memory();
    store().setItem('polylogue:set-training', '[{"set":1}]');
    expect(new SetSettings(store).read('a', 'generator').settings).toEqual(gentle.generator);
  });
});
