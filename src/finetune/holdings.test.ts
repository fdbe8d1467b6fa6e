import { expect, test } from 'vitest';
import { openClient, token, type Client as Endpoint } from '../tuner/fixtures/client';
import { tinyEngine } from '../tuner/fixtures/tiny-engine';
import { createClient } from './client';
import { forgetLoop, holdings } from './holdings';

const never = new AbortController().signal;
const clientOf = (endpoint: Endpoint) =>
  createClient({ baseUrl: 'http://tuner.test', token, fetch: (to, init) => endpoint.fetch(new Request(to, init)) });
const filesAt = async (endpoint: Endpoint) =>
  (await endpoint.json<{ data: { id: string }[] }>('GET', '/v1/files')).data.map(({ id }) => id);
const modelsAt = async (endpoint: Endpoint) =>
  (await endpoint.json<{ data: { id: string }[] }>('GET', '/v1/models')).data.map(({ id }) => id);

test('a loop is listed by its jobs, and forgotten with its models, checkpoints and rows; others stay', async () => {
  const endpoint = await openClient();
  const made = async (run: string | null, agent = 'generator_1') => {
    endpoint.file = '';
    const metadata = run === null ? {} : { metadata: { run, agent } };
    return endpoint.ended((await endpoint.order({ ...metadata, suffix: run ?? 'foreign' })).id);
  };
  const [one, two, other, foreign] = [await made('loop-1'), await made('loop-1', 'critic_1'), await made('loop-2'), await made(null)];
  const client = clientOf(endpoint);
  expect(await holdings(client, never)).toMatchObject([
    { loop: 'loop-2', active: 0, models: 1, jobs: [{ id: other.id }] },
    { loop: 'loop-1', active: 0, models: 2, jobs: [{ id: two.id }, { id: one.id }] },
  ]);
  await forgetLoop(client, 'loop-1', never);
  expect((await modelsAt(endpoint)).filter(id => id.includes('loop-1'))).toEqual([]);
  const kept = [other, foreign].flatMap(job => [job.training_file, ...job.result_files]);
  const left = await filesAt(endpoint);
  expect(kept.filter(id => !left.includes(id))).toEqual([]);
  for (const id of [one, two].flatMap(job => [job.training_file, ...job.result_files])) expect(left).not.toContain(id);
  expect(await holdings(client, never)).toMatchObject([{ loop: 'loop-2' }, { loop: 'loop-1', models: 0 }]);
  await forgetLoop(client, 'loop-1', never); // once more is no fault
  await endpoint.close();
});

test('what is under way is cancelled first', async () => {
  const engine = tinyEngine(({ signal }) => new Promise((_, stop) => signal.addEventListener('abort', () => stop(signal.reason as Error))));
  const endpoint = await openClient({ engine });
  const { id } = await endpoint.order({ metadata: { run: 'loop-1', agent: 'generator_1' } });
  await forgetLoop(clientOf(endpoint), 'loop-1', never);
  expect((await endpoint.json('GET', `/v1/fine_tuning/jobs/${id}`)).status).toBe('cancelled');
  expect(await filesAt(endpoint)).toEqual([]);
  await endpoint.close();
});
