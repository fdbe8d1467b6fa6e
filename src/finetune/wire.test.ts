// Recorded shapes of several vendors pass the lenient readers; what ours is asked passes the strict one.
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { checkpointSchema, eventSchema, fileSchema, isTerminal, jobSchema, listOf, metricsOf, modelSchema, readErrorBody } from './wire';
import { createJobSchema, hyperparametersSchema } from './wire-order';

describe('lenient readers', () => {
  test('a job as OpenAI writes it: null-filled error, undeclared status', () => {
    const job = v.parse(jobSchema, {
      ...{ object: 'fine_tuning.job', id: 'ftjob-abc', model: 'gpt-4o-mini-2024-07-18', created_at: 1721764800, finished_at: null },
      ...{ fine_tuned_model: null, organization_id: 'org-1', result_files: [], status: 'paused', validation_file: null, seed: 683058546 },
      ...{ training_file: 'file-abc', trained_tokens: null, estimated_finish: 0, integrations: [], user_provided_suffix: null },
      ...{ error: { code: null, param: null, message: null }, usage_metrics: null, shared_with_openai: false, metadata: null },
      hyperparameters: { n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' },
    });
    expect(job).toMatchObject({ error: null, metadata: {}, status: 'paused', result_files: [] });
    expect(isTerminal(job.status)).toBe(false);
  });

  test('a job as Nebius writes it: fields missing, own fields beside', () => {
    const job = v.parse(jobSchema, { id: 'ftjob-1', status: 'succeeded', trained_steps: 12, total_steps: 12, result_files: null });
    expect(job).toMatchObject({ created_at: 0, error: null, model: '', result_files: [], method: null, trained_tokens: null });
    expect(v.safeParse(jobSchema, { id: 'ftjob-1' }).success).toBe(false);
  });

  test('errors of jobs', () => {
    const error = (value: unknown) => v.parse(jobSchema, { id: 'a', status: 'failed', error: value }).error;
    expect(error({ code: 'oom', message: 'no memory' })).toEqual({ code: 'oom', message: 'no memory', param: null });
    expect(error('it broke')).toEqual({ code: 'error', message: 'it broke', param: null });
    expect(error({})).toBe(null);
    expect(error(undefined)).toBe(null);
  });

  test('events, checkpoints, files and models', () => {
    const event = v.parse(eventSchema, { id: 'ftevent-1', level: 'odd', data: { step: 3, train_loss: 0.5 }, type: 'metrics' });
    expect(metricsOf(event)).toMatchObject({ step: 3, train_loss: 0.5, total_steps: null });
    expect(event.level).toBe('info');
    expect(metricsOf(v.parse(eventSchema, { id: 'e', data: null }))).toBe(null);
    const checkpoint = v.parse(checkpointSchema, { id: 'ftckpt_1', step_number: 4, metrics: { full_valid_loss: 1.5, train_loss: null } });
    expect(checkpoint).toMatchObject({ metrics: { full_valid_loss: 1.5 }, result_files: [] });
    expect(checkpoint.metrics).not.toHaveProperty('train_loss');
    expect(v.parse(fileSchema, { id: 'file-1' })).toMatchObject({ bytes: 0, filename: '' });
    expect(v.parse(modelSchema, { id: 'm', tuner: { trainable: 'yes' } }).tuner).toBeUndefined();
  });

  test('lists without has_more, with data null', () => {
    expect(v.parse(listOf(fileSchema), { data: null })).toMatchObject({ data: [], has_more: false });
    expect(v.parse(listOf(fileSchema), { object: 'list' })).toMatchObject({ data: [], has_more: false });
    expect(v.parse(listOf(fileSchema), { data: [{ id: 'file-1' }], has_more: true }).has_more).toBe(true);
  });

  test('error bodies of several servers', () => {
    expect(readErrorBody({ error: { message: 'no', type: 'x', code: 'invalid_token', param: null } })).toEqual({
      ...{ message: 'no', type: 'x', code: 'invalid_token', param: null },
    });
    expect(readErrorBody({ detail: 'Not Found' })?.message).toBe('Not Found');
    expect(readErrorBody({ error: 'plain' })?.message).toBe('plain');
    expect(readErrorBody([])).toBe(null);
    expect(readErrorBody({ ok: true })).toBe(null);
  });
});

describe('strict readers', () => {
  const body = { model: 'builtin', training_file: 'file-abcdefghijklmnopqrstuvwx' };
  test('a plain order', () => {
    expect(v.is(createJobSchema, body)).toBe(true);
    expect(v.is(createJobSchema, { ...body, lora_r: 8, metadata: { run: 'a' }, method: { type: 'supervised' } })).toBe(true);
  });
  test.each([
    { training_file: '../../etc/passwd' },
    { suffix: 'a/b' },
    { suffix: '' },
    { seed: -1 },
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
    { metadata: { a: 1 } },
    { method: { type: 'reinforcement' } },
    { surprise: 1 },
  ])('refuses %j', wrong => {
    expect(v.is(createJobSchema, { ...body, ...wrong })).toBe(false);
  });
  test('hyperparameters', () => {
    expect(v.is(hyperparametersSchema, { n_epochs: 'auto', lora_r: 16, learning_rate: 2e-4, lora: true })).toBe(true);
    for (const wrong of [{ lora_r: 65 }, { n_epochs: 0 }, { n_epochs: 1.5 }, { learning_rate: Infinity }, { lerning_rate: 1 }])
      expect(v.is(hyperparametersSchema, wrong), JSON.stringify(wrong)).toBe(false);
  });
});
