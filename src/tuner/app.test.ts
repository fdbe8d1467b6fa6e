// The routes, as far as the official client does not ask for it: limits, streams, refusals, and trainers that go wrong.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ErrorBody, EventObject, JobObject, List } from '../finetune/wire';
import { DiskError } from './disk';
import { TrainError, type Files } from './engine';
import { openClient, token, type Client } from './fixtures/client';
import { memoryDisk } from './fixtures/memory-disk';
import { jsonl, sums } from './fixtures/rows';
import { count, tinyEngine, tinyResult, type Told } from './fixtures/tiny-engine';

const errorOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as ErrorBody).error });
const events = async (client: Client, id: string) =>
  (await client.json<List<EventObject>>('GET', `/v1/fine_tuning/jobs/${id}/events?limit=1000`)).data.reverse();

/** A trainer that waits until it is let go, or stopped. */
function held(slots = 1) {
  const told: Told[] = [];
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>(open => (letGo = open));
  const engine = tinyEngine(async job => {
    told.push(job);
    await Promise.race([gate, new Promise((_, stop) => job.signal.addEventListener('abort', () => stop(job.signal.reason as Error)))]);
    return count(job);
  }, slots);
  return { engine, told, letGo: () => letGo() };
}
const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await new Promise(resolve => setTimeout(resolve, 1));
};

describe('the queue', () => {
  test('is first in, first out, as many at a time as there are slots', async () => {
    const { engine, told, letGo } = held(2);
    const client = await openClient({ engine });
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push((await client.order()).id);
    await until(() => told.length === 2);
    await new Promise(resolve => setTimeout(resolve, 5));
    expect(told.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    letGo();
    for (const id of ids) expect((await client.ended(id)).status).toBe('succeeded');
    expect(told.map(({ id }) => id)).toEqual(ids);
    await client.close();
  });

  test('gives a cancelled job up between two steps and takes the next', async () => {
    const { engine, told, letGo } = held();
    const client = await openClient({ engine });
    const [first, second] = [await client.order(), await client.order()];
    await until(() => told.length === 1);
    const cancelled = await client.json<JobObject>('POST', `/v1/fine_tuning/jobs/${first.id}/cancel`);
    expect(cancelled.status).toBe('cancelled');
    await until(() => told.length === 2);
    expect(told[0]!.signal.aborted).toBe(true);
    letGo();
    expect((await client.ended(second.id)).status).toBe('succeeded');
    expect((await client.ended(first.id)).status).toBe('cancelled');
  });

  test('is full at its limit', async () => {
    const { engine } = held();
    const client = await openClient({ engine, limits: { queued: 2 } });
    await client.order();
    const last = await client.order();
    const body = { model: 'tiny', training_file: client.file };
    const full = await client.call('POST', '/v1/fine_tuning/jobs', body);
    expect(full.headers.get('retry-after')).toBe('30');
    expect(await errorOf(full)).toMatchObject({ status: 429, code: 'queue_full' });
    await client.call('POST', `/v1/fine_tuning/jobs/${last.id}/cancel`);
    expect((await client.call('POST', '/v1/fine_tuning/jobs', body)).status).toBe(200);
    await client.close();
  });

  test('stopped in good order, a job goes on where it was, as often as it takes', async () => {
    const disk = memoryDisk();
    let id = '';
    for (let life = 0; life < 4; life++) {
      const { engine, told } = held();
      const client = await openClient({ engine, disk: memoryDisk(disk.stored) });
      id ||= (await client.order()).id;
      await until(() => told.length === 1);
      await client.close();
    }
    const client = await openClient({ disk: memoryDisk(disk.stored) });
    expect(await client.ended(id)).toMatchObject({ status: 'succeeded' });
    expect((await events(client, id)).filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(['few rows']);
  });
});

describe('trainers that go wrong', () => {
  const failing = async (train: (told: Told) => Promise<Files>, limits = {}) => {
    const log: string[] = [];
    const client = await openClient({ engine: tinyEngine(train), limits, log: line => log.push(line) });
    const job = await client.ended((await client.order()).id);
    return { client, job, log };
  };

  test.each(['oom', 'internal', 'invalid_training_file'] as const)('%s fails the job', async code => {
    const { job } = await failing(() =>
      Promise.reject(new TrainError(code, 'so it is', code === 'invalid_training_file' ? 'training_file' : null)),
    );
    expect(job).toMatchObject({ status: 'failed', error: { code, message: 'so it is' }, result_files: [], fine_tuned_model: null });
  });

  test('a worker lost is tried once more from its checkpoint, then it is the end', async () => {
    const resumed: (number | null)[] = [];
    const { client, job } = await failing(async told => {
      resumed.push(told.job.resume ? (JSON.parse(new TextDecoder().decode(told.job.resume['state.json'])) as { step: number }).step : null);
      await count({ ...told, job: { ...told.job, hyperparameters: { ...told.job.hyperparameters, max_steps: 3 } } });
      throw new TrainError('worker_lost', 'it went');
    });
    expect(job).toMatchObject({ status: 'failed', error: { code: 'worker_lost' } });
    expect(resumed).toEqual([null, 2]);
    const warnings = (await events(client, job.id)).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual(['few rows', 'it went; it is tried once more']);
  });

  test('the endpoint killed twice during a job is the end of it', async () => {
    const { stored } = memoryDisk();
    let id = '';
    for (let life = 0; life < 2; life++) {
      const { engine, told } = held();
      const client = await openClient({ engine, disk: memoryDisk(stored) });
      id ||= (await client.order()).id;
      await until(() => told.length === 1); // and nothing more: this life just ends
    }
    const client = await openClient({ disk: memoryDisk(stored) });
    expect(await client.ended(id)).toMatchObject({ status: 'failed', error: { code: 'worker_lost' } });
  });

  test('silence for too long', async () => {
    const { job } = await failing(
      told => new Promise((_, stop) => told.signal.addEventListener('abort', () => stop(told.signal.reason as Error))),
      {
        silence: 20,
      },
    );
    expect(job).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
  });

  test('a bug is told to the operator whole and to the client in a sentence', async () => {
    const { job, log } = await failing(() => Promise.reject(new RangeError('a bug')));
    expect(job.error).toEqual({ code: 'internal', message: 'a bug', param: null });
    expect(log.join()).toContain('RangeError: a bug');
  });

  const spoil = (change: (files: Files) => Files) => (told: Told) => count(told).then(change);
  const text = (value: string) => new TextEncoder().encode(value);
  test.each<[string, string, (told: Told) => Promise<Files>]>([
    ['nothing', 'lacks adapter_config.json', async () => ({})],
    ['half of it', 'lacks adapter_model.safetensors', spoil(({ 'adapter_config.json': config }) => ({ 'adapter_config.json': config! }))],
    [
      'a pickle',
      'lacks adapter_model.safetensors',
      spoil(files => ({ 'adapter_config.json': files['adapter_config.json']!, 'adapter_model.bin': text('x') })),
    ],
    [
      'a torn file',
      'damaged',
      spoil(files => ({ ...files, 'adapter_model.safetensors': files['adapter_model.safetensors']!.slice(0, -4) })),
    ],
    ['another rank', 'rank 3', told => Promise.resolve(tinyResult({ ...told.job.hyperparameters, lora_r: 3 }, 1))],
    ['another scale', 'alpha 9', told => Promise.resolve(tinyResult({ ...told.job.hyperparameters, lora_alpha: 9 }, 1))],
    [
      'a scale of its own',
      'scaled by',
      spoil(files => ({
        ...files,
        'adapter_config.json': text(
          new TextDecoder().decode(files['adapter_config.json']).replace('"use_rslora": false', '"use_rslora": true'),
        ),
      })),
    ],
    ['no numbers', 'NaN', told => Promise.resolve(tinyResult(told.job.hyperparameters, NaN))],
    [
      'another layer',
      'does not have',
      spoil(files => ({
        ...files,
        'adapter_model.safetensors': new Uint8Array(
          Buffer.from(Buffer.from(files['adapter_model.safetensors']!).toString('latin1').replaceAll('layers.0', 'layers.7'), 'latin1'),
        ),
      })),
    ],
    ['a config that is no JSON', 'JSON', spoil(files => ({ ...files, 'adapter_config.json': text('{') }))],
  ])('no silent success: %s', async (_, words, train) => {
    const { client, job } = await failing(train);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'invalid_result' }, result_files: [] });
    expect(job.error!.message).toContain(words);
    const files = await client.json<List<{ purpose: string; filename: string }>>('GET', '/v1/files?purpose=fine-tune-results');
    expect(files.data.filter(({ filename }) => !filename.includes('step-'))).toEqual([]);
  });

  test('losses that are no numbers are told as such', async () => {
    const { client, job } = await failing(async told => {
      const none = { train_loss: NaN, train_mean_token_accuracy: NaN, learning_rate: 1, grad_norm: Infinity };
      told.on({ t: 'progress', step: 1, total: 1, ...none, tokens: 1, ms: 1 });
      return tinyResult(told.job.hyperparameters, 1);
    });
    const metrics = (await events(client, job.id)).find(({ type }) => type === 'metrics');
    expect(metrics).toMatchObject({ message: 'Step 1/1: training loss=not a number', data: { train_loss: null, grad_norm: null } });
  });

  test('a probe that shows no gain is a warning', async () => {
    const probe = { 'probe.json': text(JSON.stringify({ schema: 1, rows: [{ base: 1, tuned: 1.5 }] })) };
    const client = await openClient({ engine: tinyEngine(spoil(files => ({ ...files, ...probe }))) });
    const job = await client.ended((await client.order()).id);
    expect(job.status).toBe('succeeded');
    const warnings = (await events(client, job.id)).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual(['few rows', expect.stringContaining('no better than the base')]);
  });
});

describe('event streams', () => {
  const read = async (response: Response) => {
    const blocks = (await response.text()).split('\n\n').filter(Boolean);
    return blocks.map(block =>
      Object.fromEntries(block.split('\n').map(line => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)])),
    );
  };
  const stream = { accept: 'text/event-stream' };

  test('replay, go on live, end with the job', async () => {
    const { engine, letGo } = held();
    const client = await openClient({ engine });
    const { id } = await client.order();
    const response = await client.call('GET', `/v1/fine_tuning/jobs/${id}/events`, undefined, stream);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    setTimeout(letGo, 5);
    const told = await read(response);
    const numbered = told.slice(0, -1);
    expect(numbered.map(each => Number(each.id))).toEqual(numbered.map((_, i) => i + 1));
    expect(numbered.map(each => each.event)).toEqual(expect.arrayContaining(['message', 'metrics', 'status']));
    const statuses = numbered.filter(each => each.event === 'status').map(each => (JSON.parse(each.data!) as EventObject).data!.status);
    expect(statuses).toEqual(['queued', 'running', 'succeeded']);
    expect(told.at(-1)).toMatchObject({ event: 'done' });
    expect(JSON.parse(told.at(-1)!.data!)).toMatchObject({ id, status: 'succeeded' });
    const listed = await events(client, id);
    expect(numbered.map(each => JSON.parse(each.data!) as EventObject)).toEqual(listed);

    for (const after of [0, 3, listed.length]) {
      const again = await read(
        await client.call('GET', `/v1/fine_tuning/jobs/${id}/events`, undefined, { ...stream, 'last-event-id': `${after}` }),
      );
      expect(again.slice(0, -1).map(each => Number(each.id))).toEqual(numbered.map((_, i) => i + 1).slice(after));
    }
    const wrong = await client.call('GET', `/v1/fine_tuning/jobs/${id}/events`, undefined, { ...stream, 'last-event-id': 'x' });
    expect(wrong.status).toBe(400);
  });

  test('say that they are alive, are limited in number, and end with the endpoint', async () => {
    const { engine } = held();
    const client = await openClient({ engine, limits: { ping: 5, streams: 2 } });
    const { id } = await client.order();
    const open = () => client.call('GET', `/v1/fine_tuning/jobs/${id}/events`, undefined, stream);
    const [first, second] = [await open(), await open()];
    expect(await errorOf(await open())).toMatchObject({ status: 429, code: 'rate_limited' });
    await second.body!.cancel();
    const third = await open();
    expect(third.status).toBe(200);
    await third.body!.cancel();
    setTimeout(() => void client.close(), 30);
    expect(await first.text()).toContain(': ping\n\n');
    const late = await client.call('GET', '/v1/models');
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

describe('what is sent', () => {
  test('more requests in a second than are taken are told when to come again, readable by a page', async () => {
    let now = 0;
    const client = await openClient({ limits: { perSecond: 3 }, clock: () => now, origins: ['http://page.test'], hosts: ['tuner.test'] });
    const ask = () => client.call('GET', '/v1/models', undefined, { origin: 'http://page.test', host: 'tuner.test' });
    for (let i = 0; i < 3; i++) expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect([refused.headers.get('retry-after'), refused.headers.get('access-control-allow-origin')]).toEqual(['1', 'http://page.test']);
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'rate_limited' });
    now += 1000;
    expect((await ask()).status).toBe(200);
  });

  test('a disk that is full is 507, and the endpoint goes on', async () => {
    const disk = memoryDisk();
    const log: string[] = [];
    const client = await openClient({ disk, log: line => void log.push(line) });
    const write = disk.write.bind(disk);
    disk.write = async () => Promise.reject(new DiskError('full', 'no space left on device'));
    expect(await errorOf(await client.upload())).toMatchObject({ status: 507, code: 'storage_full' });
    disk.write = async () => Promise.reject(new DiskError('broken', 'it smokes'));
    expect(await errorOf(await client.upload())).toMatchObject({ status: 500, code: 'internal' });
    // The operator is told of it, and never whose token it came with.
    expect(log.join()).toContain('it smokes');
    expect(log.join()).not.toContain(token);
    disk.write = write;
    expect((await client.upload()).status).toBe(200);
    expect((await client.json<{ data: unknown[] }>('GET', '/v1/files')).data).toHaveLength(1);
  });

  test('cursors that name nothing, jobs without metadata, what the vendor names and we do not do', async () => {
    const { engine } = held();
    const client = await openClient({ engine });
    const [bare, named] = [await client.order(), await client.order({ metadata: { run: 'r' } })];
    const job = `/v1/fine_tuning/jobs/${bare.id}`;
    for (const path of ['/v1/files', '/v1/fine_tuning/jobs', `${job}/events`, `${job}/checkpoints`])
      expect(await errorOf(await client.call('GET', `${path}?after=nobody`))).toMatchObject({
        status: 400,
        code: 'invalid_cursor',
        param: 'after',
      });
    const ids = async (query: string) =>
      (await client.json<{ data: { id: string }[] }>('GET', `/v1/fine_tuning/jobs?${query}`)).data.map(({ id }) => id);
    expect(await ids('metadata=null')).toEqual([bare.id]);
    expect(await ids('metadata[run]=r')).toEqual([named.id]);
    for (const verb of ['pause', 'resume'])
      expect(await errorOf(await client.call('POST', `${job}/${verb}`))).toMatchObject({ status: 400, code: 'unsupported_operation' });
    const content = await client.call('GET', `/v1/files/${client.file}/content`);
    expect(content.headers.get('x-content-type-options')).toBe('nosniff');
    await client.close();
  });

  test('limits of files', async () => {
    const client = await openClient({ limits: { upload: 1000, uploads: 2, bytes: 1500 } });
    const upload = async (text: string) => errorOf(await client.upload(text));
    expect(await upload('x'.repeat(1001))).toMatchObject({ status: 413, code: 'too_large' });
    expect(await upload('x'.repeat(100_000))).toMatchObject({ status: 413, code: 'too_large' });
    expect((await client.upload('x'.repeat(900))).status).toBe(200);
    expect(await upload('x'.repeat(900))).toMatchObject({ status: 507, code: 'storage_full' });
    expect((await client.upload('x')).status).toBe(200);
    expect(await upload('x')).toMatchObject({ status: 507, code: 'storage_full' });
  });

  test('a stream without a length is cut off at the limit', async () => {
    const client = await openClient({ limits: { upload: 1000 } });
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const headers = { authorization: 'Bearer a-token-of-the-tests', 'content-type': 'multipart/form-data; boundary=x' };
    const response = await client.fetch(
      new Request('http://tuner.test/v1/files', { method: 'POST', body, headers, duplex: 'half' } as RequestInit),
    );
    expect(await errorOf(response)).toMatchObject({ status: 413, code: 'too_large' });
    expect(sent).toBeLessThan(100_000);
  });

  test('forms and bodies of the wrong kind', async () => {
    const client = await openClient();
    const form = (entries: [string, string | File][]) => {
      const data = new FormData();
      for (const [name, value] of entries) data.append(name, value);
      return client.call('POST', '/v1/files', data);
    };
    const file = jsonl(sums(1));
    expect((await form([['purpose', 'fine-tune']])).status).toBe(400);
    expect((await form([['file', file]])).status).toBe(400);
    expect(
      (
        await form([
          ['file', file],
          ['purpose', 'assistants'],
        ])
      ).status,
    ).toBe(400);
    expect(
      (
        await form([
          ['file', file],
          ['file', file],
          ['purpose', 'fine-tune'],
        ])
      ).status,
    ).toBe(400);
    expect(
      (
        await form([
          ['file', new File([''], 'a.jsonl')],
          ['purpose', 'fine-tune'],
        ])
      ).status,
    ).toBe(400);
    expect(
      (
        await form([
          ['file', 'text'],
          ['purpose', 'fine-tune'],
        ])
      ).status,
    ).toBe(400);
    const post = (body: string, headers: Record<string, string>) => client.call('POST', '/v1/fine_tuning/jobs', body, headers);
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post('{', {})).status).toBe(400);
    expect((await post('[]', {})).status).toBe(400);
    expect((await post(`{"a":"${'x'.repeat(1 << 20)}"}`, {})).status).toBe(413);
  });

  test('names of files are for show only', async () => {
    const client = await openClient();
    const form = new FormData();
    form.set('purpose', 'fine-tune');
    form.set('file', new File([sums(1)], '../../etc/\u0007pass"wd.jsonl'));
    const { id, filename } = await client.json<{ id: string; filename: string }>('POST', '/v1/files', form);
    expect(filename).not.toMatch(/[/\\\u0007]/);
    const content = await client.call('GET', `/v1/files/${id}/content`);
    expect(content.headers.get('content-disposition')).toMatch(/^attachment; filename="[A-Za-z0-9._-]+"$/);
    expect(content.headers.get('etag')).toMatch(/^"sha256-[0-9a-f]{64}"$/);
  });

  test('hyperparameters: three places, one answer', async () => {
    const client = await openClient();
    const nested = (hyperparameters: object) => ({ method: { type: 'supervised', supervised: { hyperparameters } } });
    const of = async (more: object) => (await client.order({ lora_r: undefined, max_steps: undefined, ...more })).hyperparameters;
    expect(await of({ lora_r: 4 })).toMatchObject({ lora_r: 4, lora_alpha: 8, n_epochs: 3, batch_size: 2, lora: true });
    expect(await of({ ...nested({ lora_r: 5 }), lora_r: 4, hyperparameters: { n_epochs: 7, lora_r: 2 } })).toMatchObject({
      lora_r: 5,
      n_epochs: 7,
    });
    expect(await of(nested({ warmup_ratio: 0.5, max_steps: 10 }))).toMatchObject({ warmup_steps: 5, max_steps: 10 });
    expect(await of(nested({ learning_rate_multiplier: 2 }))).toMatchObject({ learning_rate: 4e-4 });
    expect(await of(nested({ learning_rate: 1e-3, learning_rate_multiplier: 2 }))).toMatchObject({ learning_rate: 1e-3 });
    const refused = async (more: object) =>
      errorOf(await client.call('POST', '/v1/fine_tuning/jobs', { model: 'tiny', training_file: client.file, ...more }));
    for (const [param, value] of Object.entries({
      ...{
        lora_r: 9,
        lora_dropout: 0.1,
        context_length: 65,
        n_epochs: 51,
        nonsense: 1,
        lora_target_modules: ['v_proj'],
        batch_size: 'many',
      },
    }))
      expect(await refused(nested({ [param]: value }))).toMatchObject({ status: 400, code: 'unsupported_hyperparameter', param });
    // This trainer knows no preferences.
    expect(await refused({ method: { type: 'dpo' } })).toMatchObject({ status: 400, code: 'unsupported_operation', param: 'method.type' });
    expect(await refused({ method: { type: 'reinforcement' } })).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await refused({ surprise: 1 })).toMatchObject({ code: 'invalid_request', message: 'There is no field surprise.' });
    expect(await refused({ training_file: 'file-aaaaaaaaaaaaaaaaaaaaaaaa' })).toMatchObject({
      code: 'invalid_request',
      param: 'training_file',
    });
  });

  test('what is still needed is not deleted', async () => {
    const { engine, letGo } = held();
    const client = await openClient({ engine });
    const { id } = await client.order();
    expect(await errorOf(await client.call('DELETE', `/v1/files/${client.file}`))).toMatchObject({ status: 400, code: 'invalid_state' });
    letGo();
    const done = await client.ended(id);
    expect((await client.call('DELETE', `/v1/files/${client.file}`)).status).toBe(200);
    const [checkpoint] = (
      await client.json<List<{ fine_tuned_model_checkpoint: string; result_files: string[] }>>(
        'GET',
        `/v1/fine_tuning/jobs/${id}/checkpoints?limit=1`,
      )
    ).data;
    expect(checkpoint!.result_files).toEqual(done.result_files);
    expect((await client.call('DELETE', `/v1/models/${done.fine_tuned_model!}`)).status).toBe(200);
    expect((await client.call('DELETE', `/v1/models/${done.fine_tuned_model!}`)).status).toBe(404);
    const left = await client.json<List<{ filename: string }>>('GET', '/v1/files');
    expect(left.data.every(({ filename }) => filename.includes('/step-2/'))).toBe(true);
    const other = await client.json<List<{ id: string }>>('GET', '/v1/models');
    expect(other.data.map(model => model.id)).toEqual(['tiny', `${done.fine_tuned_model!}:ckpt-step-2`]);
  });

  test('old weights and uploads go, what is needed and what happened stays', async () => {
    const { stored } = memoryDisk();
    let now = 1e12;
    const day = 24 * 3_600_000;
    const first = await openClient({ disk: memoryDisk(stored), clock: () => now });
    const old = await first.ended((await first.order()).id);
    await first.close();
    now += 5 * day;
    const { engine } = held();
    const second = await openClient({ disk: memoryDisk(stored), clock: () => now, engine });
    const next = await second.order({ model: old.fine_tuned_model, lora_r: undefined });
    await second.close();

    now += 5 * day;
    const files = async (client: Client) => (await client.json<List<unknown>>('GET', '/v1/files')).data.length;
    const third = await openClient({ disk: memoryDisk(stored), clock: () => now, limits: { keep: 7 * day }, engine: held().engine });
    expect(await files(third)).toBe(1 + 4); // the first upload is old; what the waiting job goes on from is needed
    await third.close();

    const fourth = await openClient({ disk: memoryDisk(stored), clock: () => now });
    const done = await fourth.ended(next.id);
    await fourth.close();
    const last = await openClient({ disk: memoryDisk(stored), clock: () => now, limits: { keep: 7 * day } });
    expect(await last.json<JobObject>('GET', `/v1/fine_tuning/jobs/${old.id}`)).toMatchObject({
      status: 'succeeded',
      fine_tuned_model: null,
      result_files: [],
    });
    expect(await last.json<JobObject>('GET', `/v1/fine_tuning/jobs/${next.id}`)).toEqual(done);
    expect(await files(last)).toBe(1 + 4);
  });

  test('goes on from a checkpoint, with its rank and scale', async () => {
    const seen: (Files | null)[] = [];
    const engine = tinyEngine(told => {
      seen.push(told.job.from);
      return count(told);
    });
    const client = await openClient({ engine });
    const first = await client.ended((await client.order()).id);
    const model = `${first.fine_tuned_model!}:ckpt-step-2`;
    const next = await client.order({ model, lora_r: undefined });
    expect(next.hyperparameters).toMatchObject({ lora_r: 2, lora_alpha: 4 });
    expect((await client.ended(next.id)).status).toBe('succeeded');
    expect(Object.keys(seen[1]!)).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(seen[1]).toEqual(tinyResult({ lora_r: 2, lora_alpha: 4 }, 2));
    const other = await client.call('POST', '/v1/fine_tuning/jobs', { model, training_file: client.file, lora_r: 4 });
    expect(await errorOf(other)).toMatchObject({ code: 'unsupported_hyperparameter' });
  });
});

describe('whatever is sent', () => {
  test('strange ids find nothing and break nothing', async () => {
    const client = await openClient();
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '..%2f..%2flock',
        '__proto__',
        'constructor',
        'file-',
        'ftjob-%00',
        '../jobs',
        'file-aaaaaaaaaaaaaaaaaaaaaaaa/../x',
      ),
    );
    const routes = (id: string): [string, string][] => [
      ['GET', `/v1/files/${id}`],
      ['GET', `/v1/files/${id}/content`],
      ['DELETE', `/v1/files/${id}`],
      ['GET', `/v1/fine_tuning/jobs/${id}`],
      ['POST', `/v1/fine_tuning/jobs/${id}/cancel`],
      ['GET', `/v1/fine_tuning/jobs/${id}/events`],
      ['GET', `/v1/models/${id}`],
      ['DELETE', `/v1/models/${id}`],
    ];
    await fc.assert(
      fc.asyncProperty(odd, fc.boolean(), async (id, encode) => {
        const part = encode ? encodeURIComponent(id.toWellFormed?.() ?? id) : id.replace(/[\uD800-\uDFFF]/g, '');
        for (const [method, path] of routes(part)) {
          // An id that is empty or a dot names the list above it.
          const status = (await client.call(method, path)).status;
          expect([200, 400, 404], `${method} ${path}`).toContain(status);
          if (status === 200)
            expect(new URL(`http://x${path}`).pathname).toMatch(/^\/v1\/(?:files|models|fine_tuning\/jobs)?\/?(?:[?#]|$)/);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('strange bodies are refused, never answered with 500', async () => {
    const client = await openClient();
    await client.order();
    const good = { model: 'tiny', training_file: client.file };
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom('model', 'training_file', 'seed', 'suffix', 'metadata', 'method', 'hyperparameters', 'lora_r', 'x', '__proto__'),
          fc.jsonValue(),
        ),
        async odd => {
          const response = await client.call('POST', '/v1/fine_tuning/jobs', { ...good, ...odd });
          expect([200, 400, 429]).toContain(response.status);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('one key is one thing, whatever is sent with it and however often, and for a week', async () => {
    let now = 1e12;
    const client = await openClient({ clock: () => now, limits: { queued: 10_000 } });
    await client.order();
    const made = new Map<string, { body: string; id: string }>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y'), async (key, suffix) => {
        const [one, two] = await Promise.all(
          [0, 1].map(() =>
            client.call('POST', '/v1/fine_tuning/jobs', { model: 'tiny', training_file: client.file, suffix }, { 'idempotency-key': key }),
          ),
        );
        const before = made.get(key);
        if (before && before.body !== suffix) {
          for (const each of [one!, two!]) expect(await errorOf(each)).toMatchObject({ status: 409, code: 'idempotency_key_reuse' });
          return;
        }
        const ids = [((await one!.json()) as JobObject).id, ((await two!.json()) as JobObject).id];
        expect(ids[0]).toBe(ids[1]);
        if (before) expect(ids[0]).toBe(before.id);
        made.set(key, { body: suffix, id: ids[0]! });
      }),
      { numRuns: 60 },
    );
    now += 7 * 24 * 3_600_000 + 1;
    const [key, { body, id }] = [...made][0]!;
    const later = await client.json<JobObject>(
      'POST',
      '/v1/fine_tuning/jobs',
      { model: 'tiny', training_file: client.file, suffix: body },
      { 'idempotency-key': key },
    );
    expect(later.id).not.toBe(id);
    expect((await client.call('POST', '/v1/fine_tuning/jobs', {}, { 'idempotency-key': 'x'.repeat(129) })).status).toBe(400);
  });
});
