// What the form and a configuration allow, an endpoint takes: nothing is refused only after it was debated for.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { presets } from '../../experiment/presets';
import type { TrainSettings } from '../../datasets/order';
import { trainSettingsSchema } from '../../experiment/train-settings';
import { hyperparametersOf } from '../../finetune/job-body';
import { profiles } from '../../finetune/profile';
import { hyperparametersSchema } from '../../finetune/wire-order';
import { trainFields } from './train-fields';

const { generator } = presets[0]!.config.training;
const passes = { ...generator, steps: null, epochs: 3 };
const taken = (settings: TrainSettings): boolean => v.is(hyperparametersSchema, hyperparametersOf(settings, 100, profiles.tuner));

/** Smallest and largest that are allowed. */
const ends: Partial<Record<keyof TrainSettings, readonly [number, number]>> = {
  ...{ rank: [1, 64], alpha: [1e-6, 1024], learningRate: [1e-9, 1], warmupSteps: [0, 100_000], batchSize: [1, 256] },
  ...{ epochs: [1, 50], steps: [1, 1_000_000], weightDecay: [0, 1], maxGradNorm: [0, 1000] },
};

describe('settings of a training', () => {
  it.each(Object.entries(ends))(
    '%s: an endpoint takes what is allowed, to both ends; what is beyond is refused before',
    (key, [least, most]) => {
      const base = key === 'epochs' ? passes : generator;
      for (const value of [least, most]) {
        const settings = { ...base, [key]: value };
        expect([value, v.is(trainSettingsSchema, settings), taken(settings)]).toEqual([value, true, true]);
      }
      for (const value of [most * 2, -1, Number.NaN])
        expect([value, v.is(trainSettingsSchema, { ...base, [key]: value })]).toEqual([value, false]);
    },
  );

  it('every one has a field', () => {
    const keys = trainFields.map(({ key }) => key).filter(key => key !== 'unit');
    expect(keys.sort()).toEqual(Object.keys(generator).sort());
  });
});
