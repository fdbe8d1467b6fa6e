// The wire as it is sent: whoever changes it sees it here first.
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { jobBody } from './job-body';
import type { TrainSettings, TuneOrder } from '../datasets/order';
import { profileOf, profiles } from './profile';
import { createJobSchema, dpoHyperparametersSchema, hyperparametersSchema, type CreateJobBody } from './wire-order';

const settings: TrainSettings = {
  ...{ method: 'lora', rank: 8, alpha: 16, learningRate: 2e-4, schedule: 'cosine', warmupSteps: 5, batchSize: 8 },
  ...{ epochs: null, steps: 50, weightDecay: 0.01, maxGradNorm: 1 },
};
const order: TuneOrder = {
  ...{ key: 'loop-1/3/generator_1', loop: 'loop-1', iteration: 3, agent: 'generator_1', role: 'generator', base: 'abacus' },
  ...{ from: 'ft:abacus:x::12345678', training: '', validation: null, datasetHash: 'ab12', settings, seed: 7 },
};
const files = { training: 'file-abcdefghijklmnopqrstuvwx', validation: 'file-zyxwvutsrqponmlkjihgfedc' };

const supervisedIn = ({ method }: CreateJobBody) => {
  if (method?.type !== 'supervised') throw new Error('not supervised');
  return method.supervised.hyperparameters;
};

test('to a tuner', () => {
  const body = jobBody(order, files, 131, profiles.tuner, 'polylogue 0.1');
  expect(body).toMatchInlineSnapshot(`
    {
      "metadata": {
        "agent": "generator_1",
        "app": "polylogue 0.1",
        "dataset_sha256": "ab12",
        "iteration": "3",
        "role": "generator",
        "run": "loop-1",
      },
      "method": {
        "supervised": {
          "hyperparameters": {
            "batch_size": 8,
            "learning_rate": 0.0002,
            "lora": true,
            "lora_alpha": 16,
            "lora_r": 8,
            "lr_scheduler_type": "cosine",
            "max_grad_norm": 1,
            "max_steps": 50,
            "warmup_steps": 5,
            "weight_decay": 0.01,
          },
        },
        "type": "supervised",
      },
      "model": "ft:abacus:x::12345678",
      "seed": 7,
      "suffix": "generator_1-it3",
      "training_file": "file-abcdefghijklmnopqrstuvwx",
      "validation_file": "file-zyxwvutsrqponmlkjihgfedc",
    }
  `);
  expect(v.is(createJobSchema, body)).toBe(true);
  expect(v.is(hyperparametersSchema, supervisedIn(body))).toBe(true);
});

test('to Nebius: at the top level, in passes and ratios, from the same settings', () => {
  const body = jobBody({ ...order, from: null }, { ...files, validation: null }, 131, profiles.nebius, 'polylogue 0.1');
  expect(body).toMatchInlineSnapshot(`
    {
      "batch_size": 8,
      "learning_rate": 0.0002,
      "lora": true,
      "lora_alpha": 16,
      "lora_r": 8,
      "max_grad_norm": 1,
      "metadata": {
        "agent": "generator_1",
        "app": "polylogue 0.1",
        "dataset_sha256": "ab12",
        "iteration": "3",
        "role": "generator",
        "run": "loop-1",
      },
      "model": "abacus",
      "n_epochs": 3,
      "seed": 7,
      "suffix": "generator_1-it3",
      "training_file": "file-abcdefghijklmnopqrstuvwx",
      "warmup_ratio": 0.1,
      "weight_decay": 0.01,
    }
  `);
});

test('to one that says nothing of itself: passes and batch size, the rest is its own choice', () => {
  const body = jobBody(order, files, 131, profiles.openai, 'polylogue 0.1');
  expect(body.method).toEqual({ type: 'supervised', supervised: { hyperparameters: { n_epochs: 3, batch_size: 8 } } });
  const known = ['model', 'training_file', 'validation_file', 'suffix', 'seed', 'metadata', 'method'];
  expect(Object.keys(body).filter(key => !known.includes(key))).toEqual([]);
});

test('full finetuning asks for no rank, passes are passes', () => {
  const full = { ...order, settings: { ...settings, method: 'full' as const, epochs: 2, steps: null } };
  const hyperparameters = supervisedIn(jobBody(full, files, 131, profiles.tuner, 'polylogue'));
  expect(hyperparameters).toMatchObject({ lora: false, n_epochs: 2 });
  for (const name of ['lora_r', 'lora_alpha', 'max_steps']) expect(hyperparameters).not.toHaveProperty(name);
});

test('preference pairs are ordered as DPO, with its beta or without', () => {
  const { method, ...rest } = jobBody({ ...order, preferences: { beta: 0.3 } }, files, 131, profiles.tuner, 'polylogue');
  const { method: supervised, ...same } = jobBody(order, files, 131, profiles.tuner, 'polylogue');
  expect(rest).toEqual(same);
  expect(method).toEqual({ type: 'dpo', dpo: { hyperparameters: { ...supervisedIn({ ...same, method: supervised }), beta: 0.3 } } });
  expect(v.is(createJobSchema, { ...rest, method })).toBe(true);
  if (method?.type === 'dpo') expect(v.is(dpoHyperparametersSchema, method.dpo.hyperparameters)).toBe(true);
  const elsewhere = jobBody({ ...order, preferences: { beta: null } }, files, 131, profiles.nebius, 'polylogue');
  expect(elsewhere.method).toEqual({ type: 'dpo', dpo: { hyperparameters: {} } });
  expect(elsewhere).toMatchObject({ n_epochs: 3, lora_r: 8 });
});

test('a provider is known by its host, and no other name will do', () => {
  expect(profileOf('https://api.tokenfactory.nebius.com/v1/')?.id).toBe('nebius');
  expect(profileOf('https://tokenfactory.nebius.com.evil.test/')).toBe(null);
  expect(profileOf('http://localhost:8787')).toBe(null);
});
