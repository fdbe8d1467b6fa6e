// OpenAI's own client against this endpoint, over a real socket, with the built-in model really trained: who speaks to OpenAI speaks to us.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAdapter } from '../onnx/peft';
import { createTuner, type Tuner } from './app';
import { openNodeDisk } from './disk-node';
import { jsonl, preferences, sums } from './fixtures/rows';
import { loopbackHosts } from './guard';
import { asListener, listen, type Listening } from './listen-node';
import { createInProcessEngine } from './train/node';

const token = 'a-token-of-the-test';
let dir: string;
let server: Listening;
let tuner: Tuner;
let openai: OpenAI;
let base: string;
let file: OpenAI.Files.FileObject;
let done: OpenAI.FineTuning.FineTuningJob;
const transcript: [call: string, answer: string][] = [];

/** Makes a call, keeps a line of the transcript. */
async function say<T>(call: string, work: Promise<T>, words: (answer: T) => string): Promise<T> {
  const answer = await work;
  transcript.push([call, words(answer)]);
  return answer;
}

async function refusal(call: string, work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`${call} was not refused by an API error: ${String(error)}`);
  transcript.push([call, `${error.constructor.name} ${error.status} ${error.code}`]);
  return error;
}

async function finish(id: string): Promise<OpenAI.FineTuning.FineTuningJob> {
  for (;;) {
    const job = await openai.fineTuning.jobs.retrieve(id);
    if (['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const supervised = (hyperparameters: object): OpenAI.FineTuning.JobCreateParams['method'] => ({
  type: 'supervised',
  supervised: { hyperparameters: { n_epochs: 1, ...hyperparameters } },
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'polylogue-'));
  server = await listen(0, '127.0.0.1');
  tuner = await createTuner({
    engine: createInProcessEngine({ modelsDir: resolve(import.meta.dirname, '../../public/models') }),
    disk: await openNodeDisk(dir),
    token,
    hosts: loopbackHosts(server.port),
    limits: { checkpointEvery: 2 },
  });
  server.mount(asListener(tuner.fetch));
  openai = new OpenAI({ apiKey: token, baseURL: `http://127.0.0.1:${server.port}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await tuner.close();
  await server.close();
  await rm(dir, { recursive: true });
  const width = Math.max(...transcript.map(([call]) => call.length));
  console.log(transcript.map(([call, answer]) => `${call.padEnd(width)}  ${answer}`).join('\n'));
});

describe('openai@6', () => {
  test('lists models', async () => {
    const { data } = await say('models.list()', openai.models.list(), ({ data }) => data.map(({ id }) => id).join(', '));
    base = data[0]!.id;
    expect(data[0]).toMatchObject({
      object: 'model',
      owned_by: 'polylogue',
      tuner: { trainable: true, engine: 'onnx', methods: ['supervised', 'dpo'] },
    });
    await say(`models.retrieve(${base})`, openai.models.retrieve(base), ({ id, object }) => `${object} ${id}`);
  });

  test('uploads, lists and retrieves files', async () => {
    file = await say(
      'files.create(rows.jsonl)',
      openai.files.create({ file: jsonl(sums(8)), purpose: 'fine-tune' }),
      ({ id, bytes, status }) => `${id} ${bytes} bytes ${status}`,
    );
    for (let i = 0; i < 4; i++) await openai.files.create({ file: jsonl(sums(2), `more-${i}.jsonl`), purpose: 'fine-tune' });
    const all: string[] = [];
    for await (const { id } of openai.files.list({ limit: 2 })) all.push(id);
    transcript.push(['files.list({limit: 2}), all pages', `${all.length} files, ${new Set(all).size} different`]);
    expect(all).toHaveLength(5);
    expect(new Set(all).size).toBe(5);
    expect(all.at(-1)).toBe(file.id);
    expect(await say('files.retrieve', openai.files.retrieve(file.id), ({ filename }) => filename)).toEqual(file);
    const text = await (await openai.files.content(file.id)).text();
    transcript.push(['files.content', `${text.length} characters, as uploaded: ${text === sums(8)}`]);
    expect(text).toBe(sums(8));
  });

  test('trains an adapter and downloads it', async () => {
    const job = await say(
      'fineTuning.jobs.create(LoRA r 4, 3 steps)',
      openai.fineTuning.jobs.create({
        ...{ model: base, training_file: file.id, validation_file: file.id, suffix: 'generator_1-it1', seed: 7 },
        metadata: { run: 'r1', agent: 'generator_1' },
        method: supervised({ lora_r: 4, lora_alpha: 8, max_steps: 3, batch_size: 4, learning_rate: 1e-3 }),
      }),
      ({ id, status }) => `${id} ${status}`,
    );
    expect(job).toMatchObject({
      status: 'validating_files',
      error: null,
      seed: 7,
      method: { supervised: { hyperparameters: { lora_r: 4 } } },
    });
    done = await say('fineTuning.jobs.retrieve, until it ends', finish(job.id), job => `${job.status} ${job.fine_tuned_model}`);
    expect(done).toMatchObject({ status: 'succeeded', error: null, model: base });
    expect(done.trained_tokens).toBeGreaterThan(0);
    expect(done.finished_at).toBeGreaterThan(0);

    const names = await Promise.all(done.result_files.map(async id => (await openai.files.retrieve(id)).filename.split('/').at(-1)!));
    transcript.push(['files.retrieve(result_files)', names.join(', ')]);
    expect(names).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'probe.json', 'step_metrics.csv']));
    const content = async (name: string) =>
      new Uint8Array(await (await openai.files.content(done.result_files[names.indexOf(name)]!)).arrayBuffer());
    const adapter = readAdapter(new TextDecoder().decode(await content('adapter_config.json')), await content('adapter_model.safetensors'));
    transcript.push(['files.content(adapter_model.safetensors)', `PEFT adapter of ${adapter.modules.size} modules`]);
    expect(adapter.modules.size).toBeGreaterThan(0);
  });

  test('tells events and checkpoints, page by page', async () => {
    const messages: string[] = [];
    const ids: string[] = [];
    for await (const event of openai.fineTuning.jobs.listEvents(done.id, { limit: 3 })) {
      messages.push(event.message);
      ids.push(event.id);
    }
    for (const message of [...messages].reverse()) transcript.push(['  event', message]);
    expect(messages[0]).toContain('completed');
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(messages.filter(message => /^Step \d\/3: training loss/.test(message))).toHaveLength(3);
    const steps: number[] = [];
    for await (const { step_number, metrics } of openai.fineTuning.jobs.checkpoints.list(done.id, { limit: 1 })) {
      steps.push(step_number);
      expect(metrics.full_valid_loss).toBeGreaterThan(0);
    }
    transcript.push(['jobs.checkpoints.list({limit: 1}), all pages', `steps ${steps.join(', ')}`]);
    expect(steps).toEqual([3, 2]);
  });

  test('goes on from a tuned model, and full weights are trained', async () => {
    const settings = { max_steps: 2, batch_size: 4 };
    const [next, full] = await Promise.all([
      openai.fineTuning.jobs.create({ model: done.fine_tuned_model!, training_file: file.id, method: supervised(settings) }),
      openai.fineTuning.jobs.create({ model: base, training_file: file.id, method: supervised({ ...settings, lora: false }) }),
    ]);
    const ends = await Promise.all([finish(next.id), finish(full.id)]);
    transcript.push(['jobs.create(tuned model)', ends[0].status], ['jobs.create(lora: false)', ends[1].status]);
    expect(ends.map(({ status, error }) => ({ status, error }))).toEqual([
      { status: 'succeeded', error: null },
      { status: 'succeeded', error: null },
    ]);
    const names = await Promise.all(ends[1].result_files.map(async id => (await openai.files.retrieve(id)).filename.split('/').at(-1)));
    expect(names).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']));
  });

  test('cancels', async () => {
    const job = await openai.fineTuning.jobs.create({ model: base, training_file: file.id, method: supervised({ max_steps: 10_000 }) });
    const cancelled = await say('jobs.cancel', openai.fineTuning.jobs.cancel(job.id), ({ status }) => status);
    expect(cancelled.status).toBe('cancelled');
    expect((await openai.fineTuning.jobs.cancel(job.id)).status).toBe('cancelled');
    await refusal('jobs.cancel(a succeeded one)', openai.fineTuning.jobs.cancel(done.id));
    expect((await openai.fineTuning.jobs.retrieve(job.id)).status).toBe('cancelled');
  });

  test('lists jobs, newest first, page by page, by metadata', async () => {
    const ids: string[] = [];
    for await (const { id } of openai.fineTuning.jobs.list({ limit: 2 })) ids.push(id);
    transcript.push(['jobs.list({limit: 2}), all pages', `${ids.length} jobs`]);
    expect(ids).toHaveLength(4);
    expect(ids.at(-1)).toBe(done.id);
    const mine = await openai.fineTuning.jobs.list({ metadata: { run: 'r1' } });
    transcript.push(['jobs.list({metadata: {run}})', `${mine.data.length} job`]);
    expect(mine.data.map(({ id }) => id)).toEqual([done.id]);
  });

  test('trains on preferences', async () => {
    const pairs = await openai.files.create({ file: jsonl(preferences(8), 'pairs.jsonl'), purpose: 'fine-tune' });
    const dpo = (hyperparameters: object) => ({ type: 'dpo' as const, dpo: { hyperparameters: { n_epochs: 1, ...hyperparameters } } });
    const create = (training_file: string, more: object) =>
      openai.fineTuning.jobs.create({ model: base, training_file, method: dpo({ max_steps: 4, batch_size: 4, beta: 0.2, ...more }) });
    const job = await say('jobs.create(method: dpo)', create(pairs.id, { learning_rate: 1e-3 }), ({ status }) => status);
    expect(job.method).toMatchObject({ type: 'dpo', dpo: { hyperparameters: { beta: 0.2, max_steps: 4 } } });
    const end = await say('jobs.retrieve, until it ends', finish(job.id), ({ status, fine_tuned_model: model }) => `${status} ${model}`);
    expect(end).toMatchObject({ status: 'succeeded', error: null });
    const losses: number[] = [];
    for await (const { type, data, message } of openai.fineTuning.jobs.listEvents(job.id)) {
      if (type !== 'metrics') continue;
      transcript.push(['  event', message]);
      const { train_loss, reward_margin, preference_accuracy } = data as Record<string, number>;
      expect([Number.isFinite(reward_margin), preference_accuracy! >= 0 && preference_accuracy! <= 1]).toEqual([true, true]);
      losses.unshift(train_loss!);
    }
    expect(losses).toHaveLength(4);
    expect(losses[0]).toBeCloseTo(Math.LN2, 2);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);

    const chats = await create(file.id, {}).then(({ id }) => finish(id));
    transcript.push(['jobs.create(method: dpo, a file of chats)', `${chats.status}: ${chats.error?.message}`]);
    expect(chats.error).toMatchObject({ code: 'invalid_training_file', message: 'line 1 has no list input.messages' });
    expect((await refusal('jobs.create(dpo, beta: 3)', create(pairs.id, { beta: 3 }))).code).toBe('unsupported_hyperparameter');
    const misplaced = openai.fineTuning.jobs.create({ model: base, training_file: file.id, method: supervised({ beta: 0.2 }) });
    expect((await refusal('jobs.create(supervised, beta)', misplaced)).code).toBe('unsupported_hyperparameter');
    const long = await create(pairs.id, { max_steps: 10_000 });
    expect((await openai.fineTuning.jobs.cancel(long.id)).status).toBe('cancelled');
  });

  test('wrong data fails the job with its line', async () => {
    const wrong = await openai.files.create({ file: jsonl(`${sums(2)}{"messages": 3}\n`), purpose: 'fine-tune' });
    const job = await openai.fineTuning.jobs.create({ model: base, training_file: wrong.id });
    const { status, error } = await finish(job.id);
    transcript.push(['jobs.create(a file with a wrong line)', `${status} ${error?.code}: ${error?.message}`]);
    expect({ status, error }).toMatchObject({ status: 'failed', error: { code: 'invalid_training_file', param: 'training_file' } });
    expect(error?.message).toContain('line 3');
  });

  test('maps errors to the classes of the client', async () => {
    const jobs = openai.fineTuning.jobs;
    const stranger = new OpenAI({ apiKey: 'wrong', baseURL: openai.baseURL, maxRetries: 0 });
    const create = (more: object) => jobs.create({ model: base, training_file: file.id, ...more });
    expect(await refusal('models.list() with a wrong token', stranger.models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(await refusal('jobs.retrieve(unknown)', jobs.retrieve('ftjob-aaaaaaaaaaaaaaaaaaaaaaaa'))).toBeInstanceOf(OpenAI.NotFoundError);
    expect(await refusal('jobs.create(unknown model)', create({ model: 'nobody' }))).toBeInstanceOf(OpenAI.BadRequestError);
    expect((await refusal('jobs.create(lora_r: 65)', create({ method: supervised({ lora_r: 65 }) }))).code).toBe(
      'unsupported_hyperparameter',
    );
    expect((await refusal('jobs.create(lora_dropout)', create({ lora_dropout: 0.1 }))).code).toBe('unsupported_hyperparameter');
    expect(
      (await refusal('jobs.create(integrations)', create({ integrations: [{ type: 'wandb', wandb: { project: 'x' } }] }))).status,
    ).toBe(400);
    expect((await refusal('jobs.pause', jobs.pause(done.id))).code).toBe('unsupported_operation');
    const chat = openai.chat.completions.create({ model: base, messages: [{ role: 'user', content: 'hi' }] });
    expect((await refusal('chat.completions.create', chat)).code).toBe('model_not_served');
    expect((await refusal('files.create(.txt)', openai.files.create({ file: jsonl('x', 'x.txt'), purpose: 'fine-tune' }))).param).toBe(
      'file',
    );
    const same = { idempotencyKey: 'key-1', headers: { 'idempotency-key': 'key-1' } };
    const first = await jobs.create({ model: base, training_file: file.id, suffix: 'idem' }, same);
    const again = await jobs.create({ model: base, training_file: file.id, suffix: 'idem' }, same);
    transcript.push(['jobs.create, twice with one key', `the same job: ${again.id === first.id}`]);
    expect(again.id).toBe(first.id);
    const other = await refusal('jobs.create, key used for another body', jobs.create({ model: base, training_file: file.id }, same));
    expect(other).toBeInstanceOf(OpenAI.ConflictError);
    await jobs.cancel(first.id);
  });

  test('deletes files and models', async () => {
    await refusal('models.delete(base)', openai.models.delete(base));
    await say('models.delete(tuned)', openai.models.delete(done.fine_tuned_model!), ({ deleted }) => `deleted: ${deleted}`);
    await refusal('models.retrieve(deleted)', openai.models.retrieve(done.fine_tuned_model!));
    await refusal('files.content(its adapter)', openai.files.content(done.result_files[0]!));
    await say('files.delete', openai.files.delete(file.id), ({ deleted }) => `deleted: ${deleted}`);
    expect((await refusal('files.retrieve(deleted)', openai.files.retrieve(file.id))).status).toBe(404);
  });
});
