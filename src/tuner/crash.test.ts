// The machine dies at every single change to the disk, in turn; after each death the endpoint comes back and nothing is lost, doubled or pretended.
import { describe, expect, test } from 'vitest';
import type { EventObject, FileObject, JobObject, List } from '../finetune/wire';
import { readAdapter } from '../onnx/peft';
import { openClient, type Client } from './fixtures/client';
import { Crash, memoryDisk, type Stored } from './fixtures/memory-disk';

/** What a client does that must be answered: it repeats itself, under one key, until it is. */
async function drive(client: Client, more: object = {}): Promise<string> {
  const uploaded = await client.upload(undefined, { 'idempotency-key': 'file' });
  if (uploaded.status !== 200) throw new Crash('not answered');
  client.file = ((await uploaded.json()) as FileObject).id;
  const job = await client.order({ seed: 1, validation_file: client.file, ...more }, { 'idempotency-key': 'job' });
  if (!('status' in job)) throw new Crash('not answered');
  return job.id;
}

async function liveUntilDeath(stored: Stored, dieAt: number): Promise<void> {
  const disk = memoryDisk(stored, dieAt);
  try {
    const client = await openClient({ disk, limits: { attempts: 1000 } });
    await drive(client);
    while (disk.changes < dieAt) {
      const [job] = (await client.json<List<JobObject>>('GET', '/v1/fine_tuning/jobs')).data;
      if (job?.status === 'succeeded') break;
      await new Promise(resolve => setTimeout(resolve, 0));
    }
    await new Promise(resolve => setTimeout(resolve, 0));
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
}

async function check(stored: Stored): Promise<void> {
  const client = await openClient({ disk: memoryDisk(stored), limits: { attempts: 1000 } });
  const id = await drive(client);
  const job = await client.ended(id);
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  const all = await client.json<List<JobObject>>('GET', '/v1/fine_tuning/jobs');
  expect(all.data.map(each => each.id)).toEqual([id]);

  const events = (await client.json<List<EventObject>>('GET', `/v1/fine_tuning/jobs/${id}/events?limit=1000`)).data.reverse();
  const ids = events.map(event => event.id);
  expect(ids).toEqual([...new Set(ids)].sort());
  const metrics = events.filter(({ type }) => type === 'metrics').map(({ data }) => data!);
  expect(metrics.filter(data => 'train_loss' in data).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect(metrics.filter(data => 'valid_loss' in data).map(({ step }) => step)).toEqual([4]);
  expect(events.filter(({ message }) => message === 'few rows')).toHaveLength(1);
  expect(events.filter(({ data }) => data?.status === 'succeeded')).toHaveLength(1);

  const files = (await client.json<List<FileObject>>('GET', '/v1/files?order=asc')).data;
  expect(files.filter(({ purpose }) => purpose === 'fine-tune')).toHaveLength(1);
  // Results: those of the end and of the one checkpoint on the way, and nothing that nobody names.
  const results = files.filter(({ purpose }) => purpose === 'fine-tune-results').map(each => each.id);
  const checkpoints = await client.json<List<{ result_files: string[] }>>('GET', `/v1/fine_tuning/jobs/${id}/checkpoints`);
  expect(new Set(results)).toEqual(new Set([...job.result_files, ...checkpoints.data.flatMap(each => each.result_files)]));

  const bytes = await Promise.all(
    job.result_files.map(async file => new Uint8Array(await (await client.call('GET', `/v1/files/${file}/content`)).arrayBuffer())),
  );
  const { modules } = readAdapter(new TextDecoder().decode(bytes[0]), bytes[1]!);
  expect([...modules.values()][0]!.A[0]).toBe(4); // as many updates as were asked for, in however many lives
  await client.close();
}

describe('death at every change', () => {
  test('one death', async () => {
    const whole = memoryDisk();
    const client = await openClient({ disk: whole });
    await client.ended(await drive(client));
    await client.close();
    const changes = whole.changes;
    expect(changes).toBeGreaterThan(20);
    for (let dieAt = 1; dieAt <= changes + 1; dieAt++) {
      const stored: Stored = new Map();
      await liveUntilDeath(stored, dieAt);
      await check(stored);
    }
  });

  test('while a running job is cancelled: what was answered holds, what was not can be asked again', async () => {
    const endless = { max_steps: 100_000 };
    /** @returns whether the client was told that the job is cancelled; null = it had died before it trained */
    async function liveAndCancel(stored: Stored, dieAfter: number): Promise<boolean | null> {
      const disk = memoryDisk(stored);
      const client = await openClient({ disk, limits: { attempts: 1000 } });
      const id = await drive(client, endless);
      const path = `/v1/fine_tuning/jobs/${id}`;
      while (!(await client.json<List<EventObject>>('GET', `${path}/events`)).data.some(({ type }) => type === 'metrics'))
        await new Promise(resolve => setTimeout(resolve, 0));
      disk.dieAt = disk.changes + dieAfter;
      const answer = await client.call('POST', `${path}/cancel`);
      const told = answer.status === 200 && ((await answer.json()) as JobObject).status === 'cancelled';
      await new Promise(resolve => setTimeout(resolve, 5));
      return told;
    }
    let answered = 0;
    for (let dieAfter = 1; dieAfter <= 12; dieAfter++) {
      const stored: Stored = new Map();
      const told = await liveAndCancel(stored, dieAfter);
      answered += Number(told);
      const client = await openClient({ disk: memoryDisk(stored), limits: { attempts: 1000 } });
      const id = await drive(client, endless);
      const path = `/v1/fine_tuning/jobs/${id}`;
      if (told) expect((await client.json<JobObject>('GET', path)).status).toBe('cancelled');
      expect((await client.json<JobObject>('POST', `${path}/cancel`)).status).toBe('cancelled');
      const { data } = await client.json<List<EventObject>>('GET', `${path}/events?limit=1000`);
      expect(data.filter(event => event.data?.status === 'cancelled')).toHaveLength(1);
      expect(data[0]!.data).toEqual({ status: 'cancelled' });
      await client.close();
    }
    expect(answered).toBeGreaterThan(5);
    expect(answered).toBeLessThan(12);
  });

  test('a death in every life, a little later each time', async () => {
    const stored: Stored = new Map();
    for (let life = 1; life <= 30; life++) await liveUntilDeath(stored, life);
    await check(stored);
  });
});
