// `kill -9` on the real server in every state a job can be in, training the built-in model on the real disk: nothing lost, nothing doubled.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventObject, FileObject, JobObject, List } from '../src/finetune/wire';
import { readAdapter } from '../src/onnx/peft';
import { jsonl, row, sums } from '../src/tuner/fixtures/rows';
import { root } from './steps';

const token = 'a-token-for-killing';
const report: string[] = [];
let data: string;
let port: number;
let server: ChildProcess | null = null;

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

async function start(): Promise<void> {
  const args = ['--import', 'tsx', 'src/cli/tuner.ts', '--port', String(port), '--data', data, '--token', token];
  const child = spawn(process.execPath, [...args, '--slots', '1', '--attempts', '9'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  server = child;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await new Promise<void>((up, down) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => /Finetuning endpoint/.test(text) && up());
    child.once('exit', code => down(new Error(`the server ended with ${code}: ${said}`)));
  });
}

async function kill(when: string): Promise<void> {
  const gone = new Promise(resolve => server!.once('exit', resolve));
  server!.kill('SIGKILL');
  await gone;
  report.push(`${when.padEnd(52)} on disk: ${(await statesOnDisk()).join(' · ')}`);
}

/** What the logs say when nobody is there to tell. */
async function statesOnDisk(): Promise<string[]> {
  const ids = await readdir(join(data, 'jobs')).catch(() => []);
  return Promise.all(
    ids.map(async id => {
      const { number, metadata } = JSON.parse(await readFile(join(data, 'jobs', id, 'job.json'), 'utf8')) as {
        number: number;
        metadata: { name: string };
      };
      const log = await readFile(join(data, 'jobs', id, 'events.jsonl'), 'utf8').catch(() => '');
      const types = log
        .split('\n')
        .filter(Boolean)
        .map(line => (JSON.parse(line) as { type: string }).type);
      const last = types.filter(type => ['validated', 'started', 'requeued', 'succeeded', 'failed', 'cancelled'].includes(type)).at(-1);
      const steps = types.filter(type => type === 'step').length;
      const checkpoints = types.filter(type => type === 'checkpoint').length;
      return { number, text: `${metadata.name} ${last ?? 'validating'}${steps ? ` ${steps} steps ${checkpoints} checkpoints` : ''}` };
    }),
  ).then(found => found.sort((a, b) => a.number - b.number).map(({ text }) => text));
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string> | undefined) },
  });
  // On a quick machine we look more often than the endpoint lets anyone.
  if (response.status === 429) return new Promise(later => setTimeout(later, 300)).then(() => ask(path, init));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function upload(text: string): Promise<string> {
  const form = new FormData();
  form.set('purpose', 'fine-tune');
  form.set('file', jsonl(text));
  return (await ask<FileObject>('/v1/files', { method: 'POST', body: form })).id;
}

const order = (name: string, training_file: string, max_steps: number): Promise<JobObject> =>
  ask('/v1/fine_tuning/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': name },
    body: JSON.stringify({
      model: 'abacus',
      training_file,
      metadata: { name },
      seed: 3,
      lora_r: 4,
      max_steps,
      hyperparameters: { batch_size: 4 },
      lora_alpha: 8,
    }),
  });

const retrieve = (id: string): Promise<JobObject> => ask(`/v1/fine_tuning/jobs/${id}`);
const events = async (id: string): Promise<EventObject[]> =>
  (await ask<List<EventObject>>(`/v1/fine_tuning/jobs/${id}/events?limit=1000`)).data.reverse();

async function until<T>(look: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (isThere(value)) return value;
    await pause(10);
  }
}
const stepped = (id: string, step: number) =>
  until(
    () => events(id),
    list => list.some(({ type, data }) => type === 'metrics' && data!.step === step),
  );

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'polylogue-kill-'));
  port = await freePort();
});
afterAll(async () => {
  server?.kill('SIGKILL');
  await rm(data, { recursive: true, force: true });
  console.log(report.join('\n'));
});

test('killed in every state', { timeout: 360_000 }, async () => {
  await start();
  const rows = await upload(sums(8));
  // Long to check and wrong at its end: whoever comes after it is held in `validating_files`, and it never trains.
  const wrong = await upload(`${`${row('What is 1+1?', '2')}\n`.repeat(60_000)}{"messages":[]}\n`);
  const z = await order('wrong', wrong, 1);
  const a = await order('a', rows, 40);
  expect(a.status).toBe('validating_files');
  await kill('validating_files');

  await start();
  await stepped(a.id, 3);
  const b = await order('b', rows, 40);
  await until(
    () => retrieve(b.id),
    ({ status }) => status === 'queued',
  );
  await kill('a running before a checkpoint, b queued');

  await start();
  expect((await order('b', rows, 40)).id).toBe(b.id); // the client, not knowing, asks again under its key
  await until(
    () => events(a.id),
    list => list.some(({ message }) => message === 'Checkpoint at step 25'),
  );
  await kill('a running after a checkpoint, b queued');

  await start();
  await stepped(a.id, 40);
  await kill('a at its last step: just before succeeded');

  await start();
  const first = await until(
    () => retrieve(a.id),
    ({ status }) => status === 'succeeded',
  );
  await kill('a just after succeeded');

  await start();
  for (const id of [a.id, b.id]) {
    const job = await until(
      () => retrieve(id),
      ({ status }) => status === 'succeeded' || status === 'failed',
    );
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    const told = await events(id);
    const ids = told.map(event => event.id);
    expect(ids).toEqual([...new Set(ids)].sort());
    const steps = told.flatMap(({ type, data }) => (type === 'metrics' && data?.train_loss !== undefined ? [data.step] : []));
    expect(steps).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(told.filter(({ data }) => data?.status === 'succeeded')).toHaveLength(1);
    report.push(
      `${job.metadata.name}: ${job.status}; ${ids.length} events, ids rising, steps 1–40 once each, ${told.filter(({ level }) => level === 'warn').length} warnings`,
    );
  }
  expect(await retrieve(a.id)).toEqual(first);
  expect(await retrieve(z.id)).toMatchObject({ status: 'failed', error: { code: 'invalid_training_file' } });
  expect((await retrieve(z.id)).error!.message).toContain('line 60001');
  expect((await ask<List<JobObject>>('/v1/fine_tuning/jobs')).data.map(({ id }) => id)).toEqual([b.id, a.id, z.id]);

  // Both were ordered alike: what was killed four times and what was not came to the same weights.
  const weights = await Promise.all(
    [a.id, b.id].map(async id => {
      const files = await Promise.all((await retrieve(id)).result_files.map(file => ask<FileObject>(`/v1/files/${file}`)));
      const content = async (name: string) => {
        const file = files.find(({ filename }) => filename.endsWith(name))!;
        const answer = await fetch(`http://127.0.0.1:${port}/v1/files/${file.id}/content`, {
          headers: { authorization: `Bearer ${token}` },
        });
        return new Uint8Array(await answer.arrayBuffer());
      };
      const tensors = await content('adapter_model.safetensors');
      expect(readAdapter(new TextDecoder().decode(await content('adapter_config.json')), tensors).modules.size).toBe(28);
      return tensors;
    }),
  );
  expect(weights[0]).toEqual(weights[1]);
  report.push(`adapters of a and b: ${weights[0]!.length} bytes, equal`);

  // Cancelled and told so is cancelled for good; killed before the answer it is cancelled or as it was, and can be cancelled again.
  const cancel = (id: string): Promise<JobObject> => ask(`/v1/fine_tuning/jobs/${id}/cancel`, { method: 'POST' });
  const c = await order('c', rows, 10_000);
  await stepped(c.id, 2);
  expect((await cancel(c.id)).status).toBe('cancelled');
  await kill('c just after cancelled');

  await start();
  expect(await retrieve(c.id)).toMatchObject({ status: 'cancelled', error: null, fine_tuned_model: null, result_files: [] });
  const d = await order('d', rows, 10_000);
  await stepped(d.id, 2);
  const unheard = cancel(d.id).catch(() => null);
  await pause(2);
  await kill('d running, while it is cancelled');
  await unheard;

  await start();
  expect(['cancelled', 'queued', 'running']).toContain((await retrieve(d.id)).status);
  expect((await cancel(d.id)).status).toBe('cancelled');
  await kill('d just after cancelled, c cancelled before');

  await start();
  for (const id of [c.id, d.id]) {
    const before = await events(id);
    await pause(300);
    expect(await retrieve(id)).toMatchObject({ status: 'cancelled', result_files: [] });
    expect(await events(id)).toEqual(before);
    expect(before.filter(({ data }) => data?.status === 'cancelled')).toHaveLength(1);
  }
  report.push('c and d: cancelled once each, and stayed so');
  const gone = new Promise<number | null>(resolve => server!.once('exit', resolve));
  server!.kill('SIGTERM');
  expect(await gone).toBe(0);
  expect(await readdir(data)).not.toContain('lock');
});
