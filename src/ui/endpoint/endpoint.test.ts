// The choice of a place to train: what it remembers, when it asks, and that a planted key gets into nothing that leaves the page.
import { unzipSync } from 'fflate';
import { describe, expect, test, vi } from 'vitest';
import { FakeEndpoint } from '../../../test/fixtures/finetuning-endpoint';
import { bundle } from '../../datasets/formats/bundle';
import { formats } from '../../datasets/formats/formats';
import { agentName } from '../../datasets/records';
import { asJobFailure } from '../../experiment/job-failure';
import { blankDisk, loopConfigOf, portsOf, startOf } from '../../experiment/loop.fixture';
import { foldLoopAll } from '../../experiment/fold';
import { runLoop } from '../../experiment/loop';
import type { LoopFile } from '../../experiment/records';
import type { Fetch } from '../../finetune/calls';
import { memoryMemos, type JobMemo } from '../../finetune/memo';
import type { TuneOrder, TuneUpdate } from '../../datasets/order';
import { inflate } from '../../share/bytes';
import { encodeRunFile } from '../../share/file';
import { encodeLink } from '../../share/link';
import { publicRun } from '../../share/publicRun';
import type { PageTuner, PageTunerOptions } from '../../tuner/page';
import { BackupWriter } from '../../share/backup';
import { encodeLoopFile } from '../../share/loopFile';
import { encodeRecipe } from '../../share/recipe';
import { encodeWeights, type Weights } from '../../share/weightsFile';
import { EndpointChoice } from './endpoint.svelte';
import type { EndpointPorts } from './ports';

const canary = 'sk-canary-7f3a9b2e5d8c4410';
const url = 'https://tuner.example';

function ports(change: Partial<EndpointPorts> = {}) {
  const kept = new Map<string, string>();
  const secrets = new Map<string, string>();
  const all: EndpointPorts = {
    fetch: async () => new Response('not found', { status: 404 }),
    openPageTuner: () => Promise.reject(new Error('not in this test')),
    pageTrained: async () => false,
    memos: memoryMemos(),
    secrets: {
      get: async origin => secrets.get(origin) ?? null,
      set: async (origin, secret) => void secrets.set(origin, secret),
      delete: async origin => void secrets.delete(origin),
    },
    place: () => ({ origin: 'https://page.example', protocol: 'https:', hostname: 'page.example', secure: true, narrowed: false }),
    permission: async () => null,
    adapter: async () => false,
    base: 'https://page.example/app/',
    app: 'polylogue test',
    kept: name => kept.get(name) ?? null,
    sleep: () => new Promise(rest => setTimeout(rest, 1)),
    keep: (name, value) => void (value === null ? kept.delete(name) : kept.set(name, value)),
    ...change,
  };
  return { all, kept, secrets };
}

/** Trains a little more whenever a job is looked at, and repeats the key wherever it can. */
function gossiping(fails: (agent: string) => boolean): { endpoint: FakeEndpoint; fetch: Fetch } {
  const endpoint = new FakeEndpoint();
  endpoint.intercept = (call, request) => {
    const key = request.headers.get('authorization') ?? 'no key';
    if (call === 'GET /v1/models') return Response.json({ error: { message: `busy with ${key}`, code: key } }, { status: 400 });
    const id = /^GET .*\/jobs\/(ftjob-\d+)$/.exec(call)?.[1];
    const job = id === undefined ? undefined : endpoint.job(id);
    if (!job || job.status !== 'queued') return null;
    endpoint.step(job, 1, 1, 1);
    endpoint.say(job, `trained for ${key}`, { owner: key }, 'warn');
    if (fails(String(job.metadata.agent))) {
      job.status = 'failed';
      job.error = { code: 'oom', message: `no memory for ${key}` };
    } else {
      endpoint.succeed(job);
      // Into the files that are kept and leave with the weights, too.
      job.result_files = [
        endpoint.file('out/adapter_config.json', new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', owner: key }))),
        ...job.result_files.slice(1, 2),
        endpoint.file('out/step_metrics.csv', new TextEncoder().encode(`step,loss\n# ${key}\n`)),
      ];
    }
    return null;
  };
  const fetch: Fetch = async (to, init) =>
    String(to).endsWith('endpoint.json') ? new Response('', { status: 404 }) : endpoint.fetch(to, init);
  return { endpoint, fetch };
}

const order = (change: Partial<TuneOrder> = {}): TuneOrder => ({
  ...{ key: 'loop-1/1/generator_1', loop: 'loop-1', iteration: 1, agent: 'generator_1', role: 'generator', base: 'base', from: null },
  ...{ training: '{"messages":[{"role":"user","content":"What is 1+1?"}]}\n', validation: null, datasetHash: 'ab'.repeat(32), seed: 7 },
  settings: {
    ...{ method: 'lora', rank: 8, alpha: 16, learningRate: 2e-4, schedule: 'cosine', warmupSteps: 5, batchSize: 8 },
    ...{ epochs: null, steps: 1, weightDecay: 0.01, maxGradNorm: 1 },
  },
  ...change,
});
const never = new AbortController().signal;
const none = (): void => undefined;
const settled = (): Promise<void> => new Promise(rest => setTimeout(rest, 5));

async function atUrl(fetch: Fetch, change: Partial<EndpointPorts> = {}) {
  const made = ports({ fetch, ...change });
  const choice = new EndpointChoice(made.all);
  await settled();
  choice.choose('url');
  choice.setUrl(url);
  await choice.setKey(canary);
  return { choice, ...made };
}

describe('the choice', () => {
  test('is remembered without its key; a kept key comes back from its own store', async () => {
    const { choice, kept, secrets, all } = await atUrl(async () => new Response('', { status: 404 }));
    expect([...kept.values()].join()).not.toContain(canary);
    expect(secrets.size).toBe(0);
    const second = new EndpointChoice(all);
    await settled();
    expect([second.kind, second.url, second.key]).toEqual(['url', url, '']);
    await choice.setKey(canary, true);
    expect([...kept.values()].join()).not.toContain(canary);
    const third = new EndpointChoice(all);
    await settled();
    expect([third.key, third.keepKey]).toEqual([canary, true]);
    third.setUrl('https://tuner.exampl');
    expect([third.key, third.keepKey]).toEqual(['', false]);
  });

  test('falls on the server that trains, unless it was made before', async () => {
    const fetch: Fetch = async () => Response.json({ url: 'https://page.example/v1', token: 'tttttttt', kind: 'server' });
    const fresh = new EndpointChoice(ports({ fetch }).all);
    await settled();
    expect([fresh.kind, fresh.serverTrains, fresh.label]).toEqual(['server', true, { kind: 'server', origin: '' }]);
    const chosen = new EndpointChoice(ports({ fetch, kept: () => '{"kind":"page","url":""}' }).all);
    await settled();
    expect(chosen.kind).toBe('page');
    let found: () => void = () => undefined;
    const slow: Fetch = async (to, init) => {
      await new Promise<void>(go => (found = go));
      return fetch(to, init);
    };
    const quick = new EndpointChoice(ports({ fetch: slow }).all);
    await settled();
    quick.choose('url');
    found();
    await settled();
    expect([quick.kind, quick.serverTrains]).toEqual(['url', true]);
    const foreign = async () => Response.json({ url: 'https://elsewhere.example/v1', token: 'tttttttt', kind: 'server' });
    const fooled = new EndpointChoice(ports({ fetch: foreign }).all);
    await settled();
    expect([fooled.kind, fooled.serverTrains]).toEqual(['page', false]);
  });

  test('says what keeps jobs from being watched without the reader: another place, a lost key, rows that were not released', async () => {
    const quiet: Fetch = async () => new Response('', { status: 404 });
    const here = new EndpointChoice(ports({ fetch: quiet }).all);
    await here.ready;
    expect(here.unasked('loop-1', here.origin)).toBe('');
    expect(here.unasked('loop-1', url)).toMatch(/ordered at https:\/\/tuner\.example; another place is chosen.*press Resume/);
    expect(here.unasked('loop-1', null)).toMatch(/not known.*press Resume/);

    const { choice, kept, all } = await atUrl(quiet);
    expect(choice.unasked('loop-1', url)).toMatch(/not been released.*Press Resume/);
    kept.set('endpoint-consents', JSON.stringify([`loop-1@${url}>https://up.example`]));
    expect(choice.unasked('loop-1', url)).toBe('');
    expect(choice.unasked('loop-10', url)).toMatch(/not been released/);
    const later = new EndpointChoice(all);
    await later.ready;
    expect(later.unasked('loop-1', url)).toMatch(/key of https:\/\/tuner\.example was not kept.*press Resume/);
    await choice.setKey(canary, true);
    const remembered = new EndpointChoice(all);
    await remembered.ready;
    expect(remembered.unasked('loop-1', url)).toBe('');
  });

  test('says before a loop starts that its base is not trained there, and what to do', async () => {
    const trains = (...ids: string[]) =>
      Response.json({
        object: 'list',
        data: ids.map(id => ({
          id,
          tuner: {
            ...{ trainable: true, hf_repo: null, revision: null, max_lora_r: 8, target_modules: [], max_context: 64 },
            ...{ methods: ['supervised'], engine: 'onnx', features: [] },
          },
        })),
      });
    const told = () => Response.json({ url: 'https://page.example/v1', token: 'tttttttt', kind: 'server' });
    const fetch: Fetch = async to => {
      if (String(to).endsWith('endpoint.json')) return told();
      return String(to).endsWith('/models') ? trains('abacus', 'smol') : Response.json({ data: [] });
    };
    const { choice } = await atUrl(fetch);
    expect(choice.problemWith('qwen')).toBe(''); // nobody was asked yet
    await choice.check(null);
    expect(choice.problemWith('smol')).toBe('');
    expect(choice.problemWith('qwen')).toMatch(/^That endpoint trains abacus, smol, not qwen\. Start it with qwen among/);
    choice.choose('server');
    expect([choice.problemWith('smol'), choice.problemWith('abacus')]).toEqual(['', '']);
    expect(choice.problemWith('qwen')).toContain('--models');
    choice.choose('page');
    expect(choice.problemWith('abacus')).toBe('');
    expect(choice.problemWith('smol')).toContain('only its built-in model (abacus), not smol');
    choice.choose('export');
    expect(choice.problemWith('smol')).toBe('');
  });

  test('export only orders nothing', async () => {
    const { choice } = await atUrl(gossiping(() => false).fetch);
    choice.choose('export');
    expect(choice.label).toBe(null);
    await expect(choice.finetune(order(), none, never)).rejects.toMatchObject({ code: 'export_only' });
    // Nothing is under way there: a loop that nobody trains for is cancelled, and deleted, without a word.
    await choice.cancelLoop('loop-1');
    await choice.letGo('loop-1', { kind: 'export', origin: '' });
  });
});

describe('consent', () => {
  test('nothing is sent before the reader saw host, count and a row and agreed; then it is asked no more for this loop', async () => {
    const { endpoint, fetch } = gossiping(() => false);
    const { choice } = await atUrl(fetch);
    const both = [
      choice.finetune(order(), none, never),
      choice.finetune(order({ agent: 'critic_1', key: 'loop-1/1/critic_1' }), none, never),
    ];
    await settled();
    // Who is there was asked, no row was sent.
    expect(endpoint.asked).toEqual(['GET /v1/models']);
    expect(choice.consent).toEqual({
      ...{ loop: 'loop-1', origin: url, upstream: null, sample: [{ role: 'user', content: 'What is 1+1?' }] },
      files: ['generator_1', 'critic_1'].map(agent => ({
        ...{ agent, name: `${agent}-it1-training-abababababab.jsonl`, kind: 'training', rows: 1, bytes: 56 },
      })),
      terms: { minRows: null, price: null },
    });
    choice.answer(true);
    await Promise.all(both);
    expect(endpoint.jobs).toHaveLength(2);
    await choice.finetune(order({ iteration: 2, key: 'loop-1/2/generator_1', datasetHash: 'cd'.repeat(32) }), none, never);
    expect(choice.consent).toBe(null);
    const another = choice.finetune(order({ loop: 'loop-2', key: 'loop-2/1/generator_1' }), none, never);
    await settled();
    expect(choice.consent?.loop).toBe('loop-2');
    choice.answer(false);
    await expect(another).rejects.toMatchObject({ code: 'declined' });
    expect(endpoint.jobs).toHaveLength(3);
  });

  test('lists every file that would go, held-out rows too, and the terms that the endpoint states', async () => {
    const terms = { min_rows: 2, price: { per_million_tokens: 0.4, currency: 'EUR' } };
    const endpoint = new FakeEndpoint({ terms });
    const fetch: Fetch = async (to, init) =>
      String(to).endsWith('endpoint.json') ? new Response('', { status: 404 }) : endpoint.fetch(to, init);
    const { choice } = await atUrl(fetch);
    const running = choice.finetune(order({ validation: order().training.repeat(3) }), none, never);
    await settled();
    expect(choice.consent).toMatchObject({
      files: [
        { name: 'generator_1-it1-training-abababababab.jsonl', kind: 'training', rows: 1, bytes: 56 },
        { name: 'generator_1-it1-validation-abababababab.jsonl', kind: 'validation', rows: 3, bytes: 168 },
      ],
      terms: { minRows: 2, price: '0.4 EUR for a million trained tokens' },
    });
    choice.answer(true);
    // One row is refused before anything leaves.
    await expect(running).rejects.toMatchObject({ code: 'too_few_rows', message: expect.stringMatching(/1 rows.*fewer than 2/) as string });
    expect(endpoint.asked).toEqual(['GET /v1/models', 'GET /v1/fine_tuning/jobs']);
    // What is asked about is what goes, by name.
    const enough = choice.finetune(order({ training: order().training.repeat(2), validation: order().training }), none, never);
    await expect.poll(() => endpoint.jobs.length).toBe(1);
    expect([...endpoint.files.values()].map(({ filename }) => filename)).toEqual([
      'generator_1-it1-training-abababababab.jsonl',
      'generator_1-it1-validation-abababababab.jsonl',
    ]);
    endpoint.succeed(endpoint.jobs[0]!);
    await enough;
  });

  test('names where a proxy passes rows on to; a proxy for another is asked about anew', async () => {
    const stranger = { upstream: 'https://api.far.test', profile: 'nebius' };
    const endpoint = new FakeEndpoint({ stranger });
    const fetch: Fetch = async (to, init) =>
      String(to).endsWith('endpoint.json') ? new Response('', { status: 404 }) : endpoint.fetch(to, init);
    const rows = `${order().training}`.repeat(10);
    const asked = async (loop: string) => {
      const { choice } = await atUrl(fetch, {
        kept: name => kept.get(name) ?? null,
        keep: (name, value) => void kept.set(name, value ?? ''),
      });
      const running = choice.finetune(order({ loop, key: loop, training: rows }), none, never);
      await settled();
      return { choice, running };
    };
    const kept = new Map<string, string>();
    const first = await asked('loop-1');
    expect(first.choice.consent).toMatchObject({ origin: url, upstream: 'https://api.far.test' });
    first.choice.answer(true);
    await expect.poll(() => endpoint.jobs.length).toBe(1);
    // The body is one that the endpoint behind it understands.
    expect(endpoint.jobs[0]!.body).toMatchObject({ lora_r: 8, n_epochs: 1 });
    endpoint.succeed(endpoint.jobs[0]!);
    await first.running;
    stranger.upstream = 'https://other.test';
    const second = await asked('loop-1');
    expect(second.choice.consent).toMatchObject({ upstream: 'https://other.test' });
    second.choice.answer(false);
    await expect(second.running).rejects.toMatchObject({ code: 'declined' });
  });

  test('a no is not a failed job: the loop halts and can go on', async () => {
    const { choice } = await atUrl(gossiping(() => false).fetch);
    const asked = choice.finetune(order(), none, never);
    await settled();
    choice.answer(false);
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(asJobFailure(error, null)).toBe(error);
  });

  test('a pause while it is asked takes the question back', async () => {
    const { choice } = await atUrl(gossiping(() => false).fetch);
    const pause = new AbortController();
    const asked = choice.finetune(order(), none, pause.signal);
    await settled();
    pause.abort(new Error('paused'));
    await expect(asked).rejects.toThrow('paused');
    expect(choice.consent).toBe(null);
    expect(choice.jobs.map(({ status }) => status)).toEqual(['stopped']);
  });

  test('is not asked for training in this page', async () => {
    const { fetch } = gossiping(() => false);
    const tuner: PageTuner = { fetch, baseUrl: 'http://page.tuner', token: 'a-token', close: async () => undefined };
    const choice = new EndpointChoice(ports({ openPageTuner: async () => tuner }).all);
    await settled();
    expect((await choice.finetune(order(), none, never)).trainedParameters).toBe(6);
    expect(choice.consent).toBe(null);
    expect(choice.jobs).toMatchObject([{ status: 'done', step: 1, total: 1, losses: [1] }]);
  });
});

describe('cancelling', () => {
  test('one job ends it at the endpoint and fails that job alone', async () => {
    const endpoint = new FakeEndpoint();
    const tuner: PageTuner = { fetch: endpoint.fetch, baseUrl: 'http://page.tuner', token: 'a-token', close: async () => undefined };
    const choice = new EndpointChoice(ports({ openPageTuner: async () => tuner }).all);
    await settled();
    const running = choice.finetune(order(), none, never);
    await expect.poll(() => endpoint.jobs.length).toBe(1);
    await settled();
    choice.cancel('loop-1/1/generator_1');
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(endpoint.jobs[0]!.status).toBe('cancelled');
    expect(choice.jobs[0]).toMatchObject({ status: 'failed', problem: expect.stringContaining('cancelled') });
  });
});

describe('the trainer of this page', () => {
  function page() {
    const endpoint = new FakeEndpoint();
    const log: string[] = [];
    let ended: () => void = () => undefined;
    const openPageTuner = async (): Promise<PageTuner> => {
      log.push('opened');
      const close = (): Promise<void> => {
        log.push('closing');
        return new Promise(done => (ended = () => (log.push('closed'), done())));
      };
      return { fetch: endpoint.fetch, baseUrl: 'http://page.tuner', token: 'a-token', close };
    };
    const choice = new EndpointChoice(ports({ openPageTuner }).all);
    return { choice, endpoint, log, end: () => ended() };
  }

  test('works on the graphics card when the reader chose it and there is one, also after a reload', async () => {
    const opened: unknown[] = [];
    const { fetch } = gossiping(() => false);
    const openPageTuner = async ({ device }: PageTunerOptions): Promise<PageTuner> => {
      opened.push(device);
      return { fetch, baseUrl: 'http://page.tuner', token: 'a-token', close: async () => undefined };
    };
    const { all } = ports({ openPageTuner, adapter: async () => true });
    const choice = new EndpointChoice(all);
    await settled();
    expect([choice.hasAdapter, choice.graphics]).toEqual([true, false]);
    await choice.finetune(order(), none, never);
    choice.setGraphics(true);
    await choice.finetune(order(), none, never);
    const again = new EndpointChoice(all);
    await settled();
    await again.finetune(order(), none, never);
    const without = new EndpointChoice({ ...all, adapter: async () => false });
    await settled();
    expect(without.graphics).toBe(false);
    await without.finetune(order(), none, never);
    expect(opened).toEqual(['wasm', 'webgpu', 'webgpu', 'wasm']);
  });

  test('rests while nobody waits for it: a pause ends it, going on opens it when it has ended', async () => {
    const { choice, endpoint, log, end } = page();
    await settled();
    const pause = new AbortController();
    const [one, two] = [
      choice.finetune(order(), none, pause.signal),
      choice.finetune(order({ agent: 'critic_1', key: 'loop-1/1/critic_1' }), none, pause.signal),
    ];
    await expect.poll(() => endpoint.jobs.length).toBe(2);
    pause.abort(new Error('paused'));
    await Promise.all([one, two].map(each => expect(each).rejects.toThrow('paused')));
    expect(log).toEqual(['opened', 'closing']);
    const again = choice.finetune(order(), none, never);
    await settled();
    expect(log).toEqual(['opened', 'closing']);
    end();
    await settled();
    for (const job of endpoint.jobs) endpoint.succeed(job);
    await again;
    expect(log).toEqual(['opened', 'closing', 'closed', 'opened', 'closing']);
    expect(endpoint.jobs).toHaveLength(2);
  });

  test('a deleted loop leaves nothing in it, and what trains elsewhere is cancelled there', async () => {
    const own = new FakeEndpoint();
    const far = new FakeEndpoint();
    let opened = 0;
    const openPageTuner = async (): Promise<PageTuner> => {
      opened++;
      return { fetch: own.fetch, baseUrl: 'http://page.tuner', token: 'a-token', close: async () => undefined };
    };
    let trained = false;
    const fetch: Fetch = async (to, init) =>
      String(to).endsWith('endpoint.json') ? new Response('', { status: 404 }) : far.fetch(to, init);
    const { choice } = await atUrl(fetch, { openPageTuner, pageTrained: async () => trained });
    const running = choice.finetune(order(), none, never);
    await settled();
    choice.answer(true);
    await expect.poll(() => far.jobs.length).toBe(1);
    await expect(choice.letGo('loop-1', { kind: 'url', origin: 'https://another.example' })).rejects.toMatchObject({ code: 'no_place' });
    expect(far.jobs[0]!.status).not.toBe('cancelled');
    await choice.letGo('loop-1', null);
    expect([opened, far.jobs[0]!.status === 'cancelled']).toEqual([0, false]);
    await choice.letGo('loop-1', { kind: 'url', origin: url });
    expect([opened, far.jobs[0]!.status]).toEqual([0, 'cancelled']);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    trained = true;
    choice.choose('page');
    const here = choice.finetune(order(), none, never);
    await expect.poll(() => own.jobs.length).toBe(1);
    // As the wire has it, the job names its files.
    Object.assign(own.jobs[0]!, { training_file: own.jobs[0]!.body.training_file });
    own.succeed(own.jobs[0]!);
    await here;
    const results = own.files.size;
    await choice.letGo('loop-1', null);
    expect(own.asked).toContain('DELETE /v1/models/ft%3Abase%3Apolylogue%3A%3Aabcdefgh');
    expect(results).toBeGreaterThan(0);
    expect([...own.files.values()].map(({ filename }) => filename)).toEqual([]);
  });

  test('is told of a cancelled loop though it is paused', async () => {
    const { choice, endpoint, end } = page();
    await settled();
    const pause = new AbortController();
    const one = choice.finetune(order(), none, pause.signal);
    await expect.poll(() => endpoint.jobs.length).toBe(1);
    pause.abort(new Error('paused'));
    await expect(one).rejects.toThrow('paused');
    end();
    await choice.cancelLoop('loop-1');
    expect(endpoint.jobs[0]!.status).toBe('cancelled');
  });
});

describe('a planted key', () => {
  test.each([false, true])(
    'that a gossiping endpoint repeats everywhere is in no event, memo, file, link, export or console (kept here: %s)',
    async keep => {
      const console = (['log', 'info', 'warn', 'error', 'debug'] as const).map(level => vi.spyOn(globalThis.console, level));
      const { fetch, endpoint } = gossiping(agent => agent === 'critic_2');
      const memos: JobMemo[] = [];
      const updates: TuneUpdate[] = [];
      const said: unknown[] = [];
      const { choice, kept, secrets } = await atUrl(fetch, {
        memos: { read: async () => null, write: async memo => void memos.push(memo) },
      });
      if (keep) await choice.setKey(canary, true);
      // Kept by the reader's wish it lies in the store of keys, and nowhere else.
      expect([...secrets.values()]).toEqual(keep ? [canary] : []);
      await expect(choice.check('base')).resolves.toBe(undefined);
      const failed = await (await choice.client()).models(never).catch((error: unknown) => error);

      const disk = blankDisk();
      const config = loopConfigOf({ iterations: 1 });
      const trained: Weights[] = [];
      const state = await runLoop({
        start: startOf(config),
        state: foldLoopAll([]),
        signal: never,
        onFailure: 'keep',
        ports: {
          ...portsOf({ disk }),
          emit: event => void said.push(event),
          async finetune(one, on, signal) {
            const work = choice.finetune(
              one,
              update => {
                updates.push(update);
                on(update);
              },
              signal,
            );
            await settled();
            choice.answer(true);
            const tuned = await work.catch((error: unknown) => {
              throw asJobFailure(error, null);
            });
            const { loop, iteration, agent, datasetHash: dataset } = one;
            const files = Object.entries(tuned.files).map(([name, { length: bytes }]) => ({ name, bytes, sha256: dataset }));
            const facts = { id: `${loop}/${iteration}/${agent}`, loop, iteration, agent, base: 'base', dataset, at: '', files };
            trained.push({ facts, files: tuned.files });
            return tuned;
          },
        },
      });
      // The key was really repeated, and the loop really trained with it.
      expect(endpoint.inits.every(init => new Headers(init.headers).get('authorization') === `Bearer ${canary}`)).toBe(true);
      expect(JSON.stringify(endpoint.jobs)).toContain(canary);
      expect(disk.events.filter(({ type }) => type === 'job-ended').length).toBeGreaterThan(1);
      expect(JSON.stringify(disk.events)).toContain('no memory for');
      // What to do about it is kept and shown with what happened.
      expect(JSON.stringify(disk.events)).toContain('Use shorter rows, a smaller batch');
      expect(choice.jobs.find(({ agent }) => agent === 'critic_2')?.problem).toMatch(/^no memory for .* Use shorter rows, a smaller batch/);
      expect(state.iterations).toHaveLength(2);

      const file: LoopFile = {
        ...{ polylogue: 'loop', schema: 1, events: disk.events },
        runs: Object.fromEntries(disk.runs),
        sets: Object.fromEntries(disk.sets),
      };
      const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
      const [runEvents] = disk.runs.values();
      const started = runEvents!.find(event => event.type === 'run-started')!;
      const sets = [...disk.sets.values()].map(({ header, rows }) => ({ agent: agentName(header.role, header.agent), rows, pairs: [] }));
      const link = await encodeLink(runEvents!, started.questions[0]!.qid);
      const { message, hint, code, requestId } = failed as { message: string; hint: string; code: string; requestId: string | null };
      const opened = (zip: Uint8Array<ArrayBuffer>): string => Object.values(unzipSync(zip)).map(text).join('\n');
      const backup = new BackupWriter();
      backup.add({ kind: 'loop', file });
      backup.add({ kind: 'run', events: runEvents! });
      for (const set of disk.sets.values()) backup.add({ kind: 'set', set });
      backup.addUnreadable(file);
      const outlets: Record<string, string> = {
        // All that the record in IndexedDB is given: events, debates, sets, notes of jobs, weights.
        'the record': JSON.stringify([...disk.runs.values(), ...disk.sets.values(), trained.map(({ facts }) => facts)]),
        'kept weights': trained.flatMap(({ files }) => Object.values(files).map(text)).join('\n'),
        'weights zip': opened(encodeWeights(trained)),
        'backup zip': opened(new Uint8Array(await backup.end('2026-11-27T00:00:00.000Z', 'test').arrayBuffer())),
        'recipe link': String(encodeRecipe({ config: started.config, question: started.questions[0]! })),
        'loop events': JSON.stringify(disk.events),
        'live events': JSON.stringify(said),
        updates: JSON.stringify(updates),
        memos: JSON.stringify(memos),
        jobs: JSON.stringify(choice.jobs),
        report: JSON.stringify(choice.report),
        error: JSON.stringify({ message, hint, code, requestId }),
        'loop file': text(await inflate(await encodeLoopFile(file), 'gzip', 1e9)),
        'run file': await (await encodeRunFile(runEvents!)).text(),
        'public run': JSON.stringify(publicRun(runEvents!)),
        link: text(await inflate(fromLink(link.fragment!), 'deflate-raw', 1e9)),
        'local storage': [...kept.values()].join(),
        console: JSON.stringify(console.flatMap(spy => spy.mock.calls)),
        'the choice itself': JSON.stringify(choice),
        ...Object.fromEntries(formats.map(({ id }) => [`export ${id}`, JSON.stringify(bundle(id, sets, 'base'))])),
      };
      expect(outlets['recipe link']).toMatch(/^recipe=1/);
      for (const [name, outlet] of Object.entries(outlets)) {
        expect([name, outlet.length > 1]).toEqual([name, true]);
        expect([name, outlet.includes(canary)]).toEqual([name, false]);
      }
    },
  );
});

const fromLink = (fragment: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(fragment.slice('r1.'.length), 'base64url'));
