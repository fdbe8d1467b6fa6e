import { describe, expect, test } from 'vitest';
import { FakeEndpoint, type FakeJob, type FakeOptions } from '../../test/fixtures/finetuning-endpoint';
import { createClient } from './client';
import { memoryMemos, type MemoStore } from './memo';
import type { TuneOrder, TuneUpdate } from '../datasets/order';
import type { Profile } from './profile';
import { profiles } from './profile';
import { cancelReason, runOrder, type RunOrderOptions } from './run-order';

const order: TuneOrder = {
  ...{ key: 'loop-1/1/generator_1', loop: 'loop-1', iteration: 1, agent: 'generator_1', role: 'generator', base: 'base', from: null },
  ...{ training: '{"messages":[]}\n{"messages":[]}\n', validation: null, datasetHash: 'ab'.repeat(32), seed: 7 },
  settings: {
    ...{ method: 'lora', rank: 8, alpha: 16, learningRate: 2e-4, schedule: 'cosine', warmupSteps: 5, batchSize: 8 },
    ...{ epochs: null, steps: 4, weightDecay: 0.01, maxGradNorm: 1 },
  },
};

interface Lab {
  endpoint: FakeEndpoint;
  updates: TuneUpdate[];
  slept: number[];
  /** What the endpoint does while the client sleeps, one entry a sleep. */
  script: ((job: FakeJob) => void)[];
  run(change?: Partial<TuneOrder>, options?: Partial<RunOrderOptions>): ReturnType<typeof runOrder>;
  memos: MemoStore;
}

/** @param profile null = found out */
function lab(
  options: FakeOptions = {},
  profile: Profile | null = options.streams ? profiles.tuner : { ...profiles.tuner, streams: false },
): Lab {
  const endpoint = new FakeEndpoint(options);
  const [updates, slept, script]: [TuneUpdate[], number[], Lab['script']] = [[], [], []];
  const memos = memoryMemos();
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    slept.push(ms);
    if (slept.length > 200) throw new Error('the test never ends');
    script.shift()?.(endpoint.jobs.at(-1)!);
    await Promise.resolve();
    signal.throwIfAborted();
  };
  const client = createClient({
    ...{ baseUrl: 'http://tuner.test', token: 't', fetch: endpoint.fetch, sleep, random: () => 0.5 },
    ...(profile ? { profile } : {}),
  });
  return {
    ...{ endpoint, updates, slept, script, memos },
    run: (change = {}, more = {}) =>
      runOrder(client, { ...order, ...change }, update => updates.push(update), {
        ...{ signal: new AbortController().signal, remembered: memos, app: 'test', sleep, random: () => 0.5 },
        ...more,
      }),
  };
}

const begin = (job: FakeJob): void => void (job.status = 'running');
/** Trains `total` steps, one a sleep. */
const training = (endpoint: FakeEndpoint, total: number): ((job: FakeJob) => void)[] =>
  Array.from({ length: total }, (_, i) => job => endpoint.step(job, i + 1, total, 1 / (i + 1)));

const statusesOf = (updates: readonly TuneUpdate[]): string[] =>
  updates.flatMap(update => (update.type === 'status' ? [update.status] : []));
const posts = (endpoint: FakeEndpoint): string[] => endpoint.asked.filter(call => call.startsWith('POST'));

describe('an order from rows to weights', () => {
  test('by polling: rows are sent, one job made, its steps told once, its files brought home', async () => {
    const { endpoint, updates, slept, script, run } = lab();
    script.push(begin, ...training(endpoint, 4), job => endpoint.succeed(job));
    const tuned = await run();
    expect(tuned).toMatchObject({
      ...{
        job: 'ftjob-2',
        model: 'ft:base:polylogue::abcdefgh',
        trainedTokens: 99,
        trainedParameters: 6,
        warnings: [],
        validation: [],
        seededRows: true,
      },
      steps: [1, 2, 3, 4].map(step => ({ step, total: 4, loss: 1 / step })),
    });
    expect(Object.keys(tuned.files)).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(posts(endpoint)).toEqual(['POST /v1/files', 'POST /v1/fine_tuning/jobs']);
    expect(statusesOf(updates)).toEqual(['queued', 'running', 'succeeded']);
    expect(updates.filter(({ type }) => type === 'step')).toHaveLength(4);
    expect(updates.slice(0, 2)).toEqual([
      { type: 'uploaded', file: 'file-1' },
      { type: 'created', job: 'ftjob-2' },
    ]);
    expect(updates.at(-1)).toMatchObject({ type: 'downloading' });
    // Slower while nothing happens, fast again with news.
    expect(slept[0]).toBe(1500);
    expect(slept.slice(2, 5)).toEqual([1000, 1000, 1000]);
    expect(endpoint.job('ftjob-2').body).toMatchObject({
      ...{ model: 'base', suffix: 'generator_1-it1', seed: 7, training_file: 'file-1' },
      metadata: { run: 'loop-1', agent: 'generator_1', role: 'generator', iteration: '1', dataset_sha256: order.datasetHash, app: 'test' },
    });
  });

  test('polls strangers ever more rarely, up to a quarter of a minute', async () => {
    const { endpoint, slept, script, run } = lab({}, { ...profiles.nebius, minRows: 1 });
    script.push(...Array.from({ length: 9 }, () => begin), job => endpoint.succeed(job));
    await run();
    expect(slept.map(Math.round)).toEqual([3000, 4500, 6750, 10125, 15000, 15000, 15000, 15000, 15000, 15000]);
  });

  test('many events between two polls: all pages back to the last known one', async () => {
    const { endpoint, script, run } = lab();
    script.push(
      job => [1, 2, 3, 4, 5, 6, 7, 8].forEach(step => endpoint.step(job, step, 20, step)),
      job => [9, 10].forEach(step => endpoint.step(job, step, 20, step)),
      job => {
        for (let step = 11; step <= 20; step++) endpoint.step(job, step, 20, step);
        endpoint.succeed(job);
      },
    );
    expect((await run()).steps.map(({ loss }) => loss)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('by stream: told without a poll; the job object decides when it is over', async () => {
    const { endpoint, updates, slept, script, run } = lab({ streams: true });
    script.push(begin);
    let streams = 0;
    endpoint.intercept = (call, request) => {
      if (call.endsWith('/events') && request.headers.get('accept')?.includes('event-stream')) {
        const job = endpoint.jobs[0]!;
        streams++;
        // Each connection brings a few steps and breaks off, as a proxy's time limit does; the third ends the job.
        for (let step = streams * 2 - 1; step <= streams * 2; step++) endpoint.step(job, step, 6, step);
        if (streams === 3) endpoint.succeed(job);
      }
      return null;
    };
    const tuned = await run();
    expect(tuned.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    // Polled while it waited its turn, never while it ran.
    expect([streams, slept]).toEqual([3, [1500]]);
    expect(updates.filter(({ type }) => type === 'step')).toHaveLength(6);
    const lasts = endpoint.inits.flatMap(init => new Headers(init.headers).get('last-event-id') ?? []);
    expect(lasts).toEqual(['2', '4']);
  });

  test('six jobs at once leave a browser connections for everything else', async () => {
    const { endpoint } = lab({ streams: true });
    const finish: (() => void)[] = [];
    let [open, most] = [0, 0];
    endpoint.intercept = (call, request) => {
      const id = /jobs\/(ftjob-\d+)\/events$/.exec(call)?.[1];
      if (!id || !request.headers.get('accept')?.includes('event-stream')) return null;
      most = Math.max(most, ++open);
      let controller!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: one => void (controller = one) });
      finish.push(() => {
        open--;
        endpoint.succeed(endpoint.job(id));
        controller.close();
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    const sleep = async (): Promise<void> => {
      for (const job of endpoint.jobs) if (job.status === 'queued') begin(job);
      await new Promise(rest => setTimeout(rest, 1));
    };
    const client = createClient({ baseUrl: 'http://tuner.test', token: 't', fetch: endpoint.fetch, sleep });
    const options = { signal: new AbortController().signal, remembered: memoryMemos(), app: 'test', sleep };
    const names = ['generator_1', 'generator_2', 'generator_3', 'critic_1', 'critic_2', 'critic_3'] as const;
    const ends = Promise.all(names.map(agent => runOrder(client, { ...order, agent, key: agent }, () => undefined, options)));
    for (let ended = 0; ended < 6; ended++) {
      await expect.poll(() => finish.length).toBeGreaterThan(ended);
      finish[ended]!();
    }
    expect(await ends).toHaveLength(6);
    expect(most).toBe(3);
  });

  test('of preferences only where they are trained on', async () => {
    const { endpoint, run } = lab();
    await expect(run({ preferences: { beta: null } })).rejects.toMatchObject({
      code: 'unsupported_operation',
      hint: expect.any(String) as string,
    });
    expect(posts(endpoint)).toEqual([]);
  });

  test('to one that says nothing of itself: asked for the least, found again by metadata, and the reader is told', async () => {
    const { endpoint, updates, script, run } = lab({ stranger: true, streams: true, forgetful: true }, null);
    script.push(begin, job => endpoint.succeed(job));
    endpoint.lose = call => {
      if (call === 'POST /v1/fine_tuning/jobs') {
        endpoint.lose = () => undefined;
        throw new TypeError('the answer was lost');
      }
    };
    await run();
    expect(endpoint.jobs).toHaveLength(1);
    expect(endpoint.jobs[0]!.body.method).toEqual({ type: 'supervised', supervised: { hyperparameters: { n_epochs: 16, batch_size: 8 } } });
    const sent = endpoint.inits.map(init => new Headers(init.headers));
    expect(sent.some(headers => headers.has('idempotency-key') || headers.get('accept')?.includes('event-stream'))).toBe(false);
    expect(updates.flatMap(update => (update.type === 'message' && update.level === 'warn' ? [update.text] : []))).toEqual([
      expect.stringContaining('its own choice'),
    ]);
  });

  test('a stream that brings nothing, or is none, gives way to polling', async () => {
    const { endpoint, script, run } = lab({ streams: true });
    script.push(begin, begin, ...training(endpoint, 2), job => endpoint.succeed(job));
    expect((await run()).steps).toHaveLength(2);
    const plain = lab({ streams: false }, profiles.tuner);
    plain.script.push(...training(plain.endpoint, 2), job => plain.endpoint.succeed(job));
    expect((await plain.run()).steps).toHaveLength(2);
  });

  test('time left follows the pace of the endpoint, not that of reading', async () => {
    const { endpoint, updates, script, run } = lab();
    script.push(
      job => [1, 2, 3, 4, 5].forEach(step => endpoint.step(job, step, 11, 1, 2)),
      job => {
        for (let step = 6; step <= 11; step++) endpoint.step(job, step, 11, 1, 2);
        endpoint.succeed(job);
      },
    );
    await run();
    const lefts = updates.flatMap(update => (update.type === 'step' ? [update.left] : []));
    expect(lefts).toEqual([null, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
  });

  test('warnings and validation losses are kept', async () => {
    const { endpoint, updates, script, run } = lab();
    script.push(job => {
      endpoint.step(job, 1, 1, 2);
      endpoint.say(job, 'evaluated', { step: 1, total_steps: 1, valid_loss: 1.5 });
      endpoint.say(job, 'no better than before', null, 'warn');
      endpoint.succeed(job);
    });
    expect(await run()).toMatchObject({ validation: [{ step: 1, loss: 1.5 }], warnings: ['no better than before'] });
    expect(updates).toContainEqual({ type: 'message', level: 'warn', text: 'no better than before' });
  });
});

describe('ordered again', () => {
  test('after a reload, with the memo: nothing is sent, the whole curve is told', async () => {
    const { endpoint, updates, script, run, memos } = lab();
    const closed = new AbortController();
    script.push(begin, ...training(endpoint, 2), () => closed.abort(new Error('the page was closed')));
    await expect(run({}, { signal: closed.signal })).rejects.toThrow('the page was closed');
    expect(endpoint.jobs[0]!.status).toBe('running');
    expect(await memos.read(order.key)).toMatchObject({ job: 'ftjob-2', file: 'file-1', status: 'running', origin: 'http://tuner.test' });
    updates.length = 0;
    const before = posts(endpoint).length;
    script.push(
      job => endpoint.step(job, 3, 3, 1),
      job => endpoint.succeed(job),
    );
    expect((await run()).steps.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(posts(endpoint)).toHaveLength(before);
    expect(updates.filter(({ type }) => type === 'step')).toHaveLength(3);
  });

  test.each([{ forgetful: true, deaf: true }, { forgetful: false }])(
    'without a memo the job is found by its metadata: %j',
    async options => {
      const { endpoint, script, run } = lab(options);
      // Jobs of others in the same list.
      for (const agent of ['critic_1', 'generator_2', 'generator_3'])
        await lostRun(endpoint, { ...order, agent: agent as 'critic_1', key: agent });
      script.push(job => endpoint.succeed(job));
      const first = await run();
      const again = await run({}, { remembered: memoryMemos() });
      expect(again.job).toBe(first.job);
      expect(endpoint.jobs).toHaveLength(4);
    },
  );

  test('a succeeded job is downloaded again, another set of rows is another job', async () => {
    const { endpoint, script, run } = lab();
    script.push(job => endpoint.succeed(job));
    const first = await run();
    expect((await run()).job).toBe(first.job);
    script.push(job => endpoint.succeed(job));
    expect((await run({ datasetHash: 'cd'.repeat(32), training: '{"messages":[1]}\n' }, { remembered: memoryMemos() })).job).not.toBe(
      first.job,
    );
  });

  test('a lost answer to the order makes no second job, with keys or without', async () => {
    for (const [options, profile] of [
      [{}, { ...profiles.tuner, streams: false }],
      [{ forgetful: true }, { ...profiles.nebius, minRows: 1 }],
    ] as const) {
      const { endpoint, script, run } = lab(options, profile);
      let lost = 0;
      endpoint.lose = call => {
        if (call === 'POST /v1/fine_tuning/jobs' && lost++ === 0) throw new TypeError('connection reset');
      };
      script.push(
        () => undefined,
        job => endpoint.succeed(job),
      );
      await run();
      expect(endpoint.jobs).toHaveLength(1);
    }
  });

  test('a memo of another endpoint is not followed', async () => {
    const { endpoint, script, run, memos } = lab();
    await memos.write({
      schema: 1,
      key: order.key,
      origin: 'https://elsewhere.test',
      file: 'file-9',
      validation: null,
      job: 'ftjob-9',
      status: 'running',
    });
    script.push(job => endpoint.succeed(job));
    expect((await run()).job).toBe('ftjob-2');
    expect(endpoint.asked.join()).not.toContain('-9');
  });

  test('after a failure it is tried anew, under a key of its own', async () => {
    const { endpoint, script, run } = lab();
    script.push(job => {
      job.status = 'failed';
      job.error = { code: 'oom', message: 'no memory left' };
    });
    await expect(run()).rejects.toMatchObject({ code: 'oom', message: 'no memory left', hint: expect.stringContaining('smaller batch') });
    script.push(job => endpoint.succeed(job));
    await run();
    expect(endpoint.jobs.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    const keys = endpoint.inits.flatMap(init => new Headers(init.headers).get('idempotency-key') ?? []);
    expect(keys.filter(key => !key.startsWith('file'))).toEqual([order.key, `${order.key}#2`]);
    expect(posts(endpoint).filter(call => call === 'POST /v1/files')).toHaveLength(1);
  });
});

describe('stopping', () => {
  const stopping = async (reason: unknown): Promise<{ endpoint: FakeEndpoint; status: string | undefined }> => {
    const { endpoint, script, run, memos } = lab();
    const abort = new AbortController();
    script.push(begin, () => abort.abort(reason));
    await expect(run({}, { signal: abort.signal })).rejects.toBe(reason);
    return { endpoint, status: (await memos.read(order.key))?.status };
  };

  test('with the reason of a cancel ends the job at the endpoint', async () => {
    const { endpoint, status } = await stopping(cancelReason);
    expect([endpoint.jobs[0]!.status, status]).toEqual(['cancelled', 'cancelled']);
    expect(posts(endpoint).at(-1)).toBe('POST /v1/fine_tuning/jobs/ftjob-2/cancel');
  });

  test('with any other reason leaves it running', async () => {
    const { endpoint } = await stopping(new DOMException('The page was closed.', 'AbortError'));
    expect(endpoint.jobs[0]!.status).toBe('running');
  });
});

describe('an endpoint that goes away', () => {
  test('for minutes: watching goes on, and says so once', async () => {
    const { endpoint, updates, script, run } = lab();
    let away = false;
    endpoint.intercept = () => {
      if (away) throw new TypeError('fetch failed');
      return null;
    };
    // Eight failed calls of five tries each.
    script.push(
      begin,
      () => void (away = true),
      ...Array.from({ length: 38 }, () => () => undefined),
      job => {
        away = false;
        endpoint.succeed(job);
      },
    );
    await run();
    expect(updates.filter(update => update.type === 'message')).toHaveLength(1);
  });

  test('a key that is refused while watching is told at once', async () => {
    const { endpoint, script, run } = lab();
    script.push(begin, () => {
      endpoint.intercept = () => Response.json({ error: { message: 'no', code: 'invalid_token' } }, { status: 401 });
    });
    await expect(run()).rejects.toMatchObject({ code: 'invalid_token' });
  });
});

describe('which result', () => {
  const ending = async (finish: (endpoint: FakeEndpoint, job: FakeJob) => void) => {
    const { endpoint, script, run } = lab();
    script.push(job => {
      job.status = 'succeeded';
      finish(endpoint, job);
    });
    return run();
  };
  const three = (endpoint: FakeEndpoint, job: FakeJob): void => {
    job.checkpoints = [
      { step: 10, loss: 0.5, files: endpoint.adapter([1, 1]) },
      { step: 30, loss: 0.7, files: endpoint.adapter([3, 1]) },
      { step: 20, loss: 0.6, files: endpoint.adapter([2, 1]) },
    ];
  };

  test('the job’s own, though a checkpoint has a lower validation loss', async () => {
    const tuned = await ending((endpoint, job) => {
      three(endpoint, job);
      job.result_files = endpoint.adapter([3, 1]);
    });
    expect([tuned.trainedParameters, tuned.model]).toEqual([3, 'ft:base:polylogue::abcdefgh']);
  });

  test('a provider that lists checkpoints only: the last of them, in whatever order', async () => {
    const tuned = await ending(three);
    expect([tuned.trainedParameters, tuned.model]).toEqual([3, 'ft:base:ckpt-step-30']);
  });

  test('none that can be loaded is a failure that says what there was', async () => {
    const ended = ending((endpoint, job) => {
      job.result_files = [endpoint.file('adapter_model.bin', new Uint8Array(8)), endpoint.file('metrics.csv', new Uint8Array(3))];
    });
    await expect(ended).rejects.toMatchObject({ code: 'no_result', message: expect.stringContaining('adapter_model.bin') });
  });

  test('weights that are no safetensors are damaged', async () => {
    const ended = ending((endpoint, job) => {
      job.result_files = [
        endpoint.file('adapter_config.json', new Uint8Array(2)),
        endpoint.file('adapter_model.safetensors', new Uint8Array(99).fill(255)),
      ];
    });
    await expect(ended).rejects.toMatchObject({ code: 'damaged' });
  });

  test('too few rows are told before anything is sent', async () => {
    const { endpoint, run } = lab({}, profiles.nebius);
    await expect(run()).rejects.toMatchObject({ code: 'too_few_rows' });
    expect(posts(endpoint)).toEqual([]);
  });
});

describe('what is left at the endpoint', () => {
  const ending = async (tidy: 'nothing' | 'rows' | 'all') => {
    const { endpoint, script, run, updates } = lab();
    script.push(job => {
      endpoint.succeed(job);
      job.checkpoints = [
        { step: 10, files: endpoint.adapter() },
        { step: 20, files: job.result_files },
      ];
    });
    // As the wire has it, the job names its files.
    const remembers = (): void => {
      for (const job of endpoint.jobs)
        Object.assign(job, { training_file: job.body.training_file, validation_file: job.body.validation_file });
    };
    script.unshift(remembers);
    const options = { validation: '{"messages":[]}\n' };
    await run(options, { tidy });
    const again = await run(options, { tidy });
    return { names: [...endpoint.files.values()].map(({ filename }) => filename), again, endpoint, updates };
  };

  test('everything unless asked otherwise; the rows; or all that the result does not need', async () => {
    expect((await ending('nothing')).names).toHaveLength(8);
    const rows = await ending('rows');
    expect(rows.names).toHaveLength(6);
    expect(rows.names.join()).not.toContain('jsonl');
    const all = await ending('all');
    expect(all.names).toHaveLength(3);
    // Asked for again, the result is still there, and what is gone already is no problem.
    expect(Object.keys(all.again.files)).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(all.updates.filter(({ type }) => type === 'message')).toEqual([]);
  });

  test('an endpoint that deletes nothing is named, and the result is no worse for it', async () => {
    const { endpoint, script, run, updates } = lab();
    endpoint.intercept = call =>
      call.startsWith('DELETE') ? Response.json({ error: { message: 'not here', code: 'unsupported_operation' } }, { status: 405 }) : null;
    script.push(job => {
      Object.assign(job, { training_file: job.body.training_file });
      endpoint.succeed(job);
    });
    expect((await run({}, { tidy: 'rows' })).trainedParameters).toBe(6);
    expect(updates).toContainEqual({ type: 'message', level: 'warn', text: expect.stringContaining('not here') });
  });
});

/** Leaves a job of another order behind. */
async function lostRun(endpoint: FakeEndpoint, other: TuneOrder): Promise<void> {
  const client = createClient({
    baseUrl: 'http://tuner.test',
    token: 't',
    fetch: endpoint.fetch,
    profile: { ...profiles.tuner, streams: false },
  });
  const sleep = async (): Promise<void> => {
    throw new Error('left behind');
  };
  const options = { signal: new AbortController().signal, remembered: memoryMemos(), app: 'test', sleep };
  await runOrder(client, other, () => undefined, options).catch(() => undefined);
}
