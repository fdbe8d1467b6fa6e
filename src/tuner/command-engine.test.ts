// A program of one's own as the trainer: its arguments, what it may know, how it is stopped, and what counts as its result.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCommandEngine, fillArguments } from './command-engine';
import { asCompletions, asLastTurns, datasetInfo } from './command-rows';
import { commandRecipes } from './command-recipes';
import { openNodeDisk } from './disk-node';
import type { TrainJob } from './engine';
import { openClient, type Client } from './fixtures/client';
import { sums } from './fixtures/rows';
import { writeAdapter } from '../onnx/peft';
import { spawn } from 'node:child_process';
import { startOf } from './lock-node';

const models = resolve(import.meta.dirname, '../../public/models');
let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'polylogue-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

/** An adapter for the built-in model, as the program finds it beside its script. */
async function adapterBeside(script: string, rank: number): Promise<void> {
  const module = { rank, K: 128, N: 128, A: new Float32Array(128 * rank), B: new Float32Array(rank * 128) };
  const files = writeAdapter(new Map([['model.layers.0.self_attn.q_proj', module]]), { alpha: 2 * rank, baseModel: 'abacus' });
  for (const [name, content] of Object.entries(files)) await writeFile(join(script, name), content);
}

/** Runs a job whose program is this script. @returns the job and what the script saw */
async function run(source: string, order: object = {}) {
  const script = join(data, 'script');
  await mkdir(script, { recursive: true });
  await adapterBeside(script, 2);
  await writeFile(join(script, 'train.mjs'), source);
  const argv = [
    process.execPath,
    join(script, 'train.mjs'),
    '{training}',
    '{out}',
    '{base}',
    '{lora_r}',
    '{max_steps}',
    'x={seed} {unknown}',
    '{from}',
  ];
  const client = await openClient({ engine: createCommandEngine({ argv, models, data, grace: 200 }) });
  const { id } = await client.order({ model: 'abacus', seed: 5, ...order });
  return { client, id, script };
}

const copy = `
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
const [script, training, out, ...rest] = process.argv.slice(1);
const here = dirname(script);
console.log('some words');
for (let step = 1; step <= 2; step++) console.log(JSON.stringify({ t: 'progress', step, total: 2, train_loss: 1 / step }));
console.log(JSON.stringify({ t: 'eval', step: 2, valid_loss: 0.4 }));
for (const name of ['adapter_config.json', 'adapter_model.safetensors']) copyFileSync(join(here, name), join(out, name));
writeFileSync(join(out, 'optimizer.pt'), 'not published');
writeFileSync(join(here, 'seen.json'), JSON.stringify({ rest, rows: readFileSync(training, 'utf8'), env: process.env, cwd: process.cwd() }));
`;

test('a program trains', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'planted-secret');
  const { client, id, script } = await run(copy);
  const job = await client.ended(id);
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  expect(job.result_files).toHaveLength(2);
  const seen = JSON.parse(await readFile(join(script, 'seen.json'), 'utf8')) as { rest: string[]; rows: string; env: object; cwd: string };
  expect(seen.rows).toBe(sums(2));
  expect(seen.rest).toEqual([join(models, 'abacus'), '2', '4', 'x=5 {unknown}', '']);
  expect(JSON.stringify(seen.env)).not.toContain('planted-secret');
  expect(seen.cwd).toContain(id);
  const { data: events } = await client.json<{ data: { message: string }[] }>('GET', `/v1/fine_tuning/jobs/${id}/events`);
  expect(events.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['Step 2/2: training loss=0.5000', 'Step 2: validation loss=0.4000']),
  );
  vi.unstubAllEnvs();
});

test('its code and last words are the reason of a failure', async () => {
  const { client, id } = await run(`console.error('CUDA is not here'); process.exit(3);`);
  expect(await client.ended(id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  expect((await client.ended(id)).error!.message).toMatch(/code 3\. It said: CUDA is not here/);
});

test('success without files, or with files that do not fit, is none', async () => {
  const nothing = await run('');
  expect(await nothing.client.ended(nothing.id)).toMatchObject({ status: 'failed', error: { code: 'invalid_result' } });
  const other = await run(copy, { lora_r: 4 });
  expect((await other.client.ended(other.id)).error).toMatchObject({
    code: 'invalid_result',
    message: expect.stringContaining('rank 2') as string,
  });
});

test('a program that cannot be started', async () => {
  const client = await openClient({ engine: createCommandEngine({ argv: [join(data, 'nothing')], models, data }) });
  const job = await client.ended((await client.order({ model: 'abacus' })).id);
  expect(job.error!.message).toContain('could not be started');
});

test('cancelled, it is asked to stop and then killed, with everything it started', async () => {
  const stubborn = `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    import { dirname, join } from 'node:path';
    process.on('SIGTERM', () => undefined);
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)']);
    writeFileSync(join(dirname(process.argv[1]), 'child'), String(child.pid));
    console.log(JSON.stringify({ t: 'progress', step: 1, total: 2, train_loss: 1 }));
    setInterval(() => 0, 1000);`;
  const { client, id, script } = await run(stubborn);
  for (;;) {
    const { data: events } = await client.json<{ data: { message: string }[] }>('GET', `/v1/fine_tuning/jobs/${id}/events`);
    if (events.some(({ message }) => message.startsWith('Step 1/2'))) break;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  const child = Number(await readFile(join(script, 'child'), 'utf8'));
  expect(await startOf(child)).not.toBe(null);
  await client.call('POST', `/v1/fine_tuning/jobs/${id}/cancel`);
  await client.close(); // waits for the run
  await vi.waitFor(async () => expect(await startOf(child)).toBe(null), 5000);
});

test('cancelled while its folder is made, it is stopped all the same', async () => {
  const abort = new AbortController();
  const engine = createCommandEngine({ argv: [process.execPath, '-e', 'setInterval(() => {}, 1000)'], models, data, grace: 200 });
  const job = {
    ...{ base: 'abacus', training: new TextEncoder().encode(sums(2)), validation: null, hyperparameters: {}, from: null, resume: null },
    get seed() {
      abort.abort(new Error('cancelled'));
      return 1;
    },
  } as unknown as TrainJob;
  await expect(engine.train('job', job, () => undefined, abort.signal)).rejects.toThrow('cancelled');
});

test('what a killed endpoint left running is killed at the next start, unless the number belongs to another now', async () => {
  const sleeper = () => spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { detached: true, stdio: 'ignore' });
  const [left, stranger] = [sleeper(), sleeper()];
  const gone = new Promise(resolve => left.once('exit', (_, signal) => resolve(signal)));
  const note = async (id: string, pid: number, start: string | null) => {
    await mkdir(join(data, 'work', id), { recursive: true });
    await writeFile(join(data, 'work', id, 'worker.json'), JSON.stringify({ pid, start }));
  };
  await note('ftjob-a', left.pid!, await startOf(left.pid!));
  await note('ftjob-b', stranger.pid!, '1');
  createCommandEngine({ argv: ['x'], models, data });
  expect(await gone).toBe('SIGKILL');
  expect(await startOf(stranger.pid!)).not.toBe(null);
  stranger.kill('SIGKILL');
});

test('arguments are filled in, one by one', () => {
  expect(fillArguments(['{a}', 'x{a}y{b}', '{c}', '{}', '$(rm)'], { a: '1; 2', b: '"' })).toEqual([
    '1; 2',
    'x1; 2y"',
    '{c}',
    '{}',
    '$(rm)',
  ]);
});

const programs = {
  /** Tells of a checkpoint and dies of it, once; the second time it is told where to go on from. */
  twice: `
    import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
    import { dirname, join } from 'node:path';
    const [script, , out, ...rest] = process.argv.slice(1);
    const here = dirname(script);
    const adapter = to => ['adapter_config.json', 'adapter_model.safetensors'].forEach(name => copyFileSync(join(here, name), join(to, name)));
    const say = line => console.log(JSON.stringify(line));
    const resume = rest.at(-1);
    console.error(resume ? 'again' : 'once');
    if (resume) {
      writeFileSync(join(here, 'resumed'), readFileSync(join(resume, 'optimizer.pt'), 'utf8'));
      say({ t: 'progress', step: 2, total: 2, train_loss: 0.5 });
      adapter(out);
    } else {
      say({ t: 'progress', step: 1, total: 2, train_loss: 1 });
      mkdirSync('ckpt-1');
      adapter('ckpt-1');
      writeFileSync('ckpt-1/optimizer.pt', 'moments');
      say({ t: 'checkpoint', step: 1, dir: 'ckpt-1' });
      setInterval(() => 0, 1000);
    }`,
};

test('a checkpoint it told of is published, and is where it goes on after the endpoint died', async () => {
  const script = join(data, 'script');
  await mkdir(script, { recursive: true });
  await adapterBeside(script, 2);
  await writeFile(join(script, 'train.mjs'), programs.twice);
  const argv = [process.execPath, join(script, 'train.mjs'), '{training}', '{out}', '{resume}'];
  const disk = await openNodeDisk(data);
  const engine = () => createCommandEngine({ argv, models, data, grace: 200 });
  const first = await openClient({ engine: engine(), disk });
  const { id } = await first.order({ model: 'abacus', seed: 5 });
  const checkpoints = async (client: Client) =>
    (await client.json<{ data: { step_number: number; result_files: string[] }[] }>('GET', `/v1/fine_tuning/jobs/${id}/checkpoints`)).data;
  await vi.waitFor(async () => expect(await checkpoints(first)).toMatchObject([{ step_number: 1 }]), 10_000);
  expect((await checkpoints(first))[0]!.result_files).toHaveLength(2);
  await first.close();
  const second = await openClient({ engine: engine(), disk: await openNodeDisk(data) });
  expect(await second.ended(id)).toMatchObject({ status: 'succeeded' });
  expect(await readFile(join(script, 'resumed'), 'utf8')).toBe('moments');
  // Of both lives.
  expect(await readFile(join(data, 'jobs', id, 'worker.log'), 'utf8')).toBe('once\nagain\n');
  await second.close();
});

test.each([
  [{ t: 'error', code: 'oom', message: 'CUDA out of memory' }, 'oom', 'CUDA out of memory'],
  [{ t: 'error', code: 'worker_lost', message: 'x' }, 'internal', 'x'],
  [{ t: 'error' }, 'internal', 'It said that it failed, and not why.'],
  [{ t: 'checkpoint', step: 1, dir: '../../..' }, 'internal', 'it told of a checkpoint in ../../..'],
  [{ t: 'checkpoint', step: 1, dir: '/etc' }, 'internal', 'it told of a checkpoint in /etc'],
])('%j ends the job', async (line, code, message) => {
  // Whatever its exit says.
  const { client, id } = await run(`console.log(${JSON.stringify(JSON.stringify(line))});`);
  expect(await client.ended(id)).toMatchObject({ status: 'failed', error: { code, message } });
});

test('may say nothing for long; once it spoke, its silence ends it', async () => {
  const engine = async (source: string) => {
    const script = join(data, 'script');
    await mkdir(script, { recursive: true });
    await adapterBeside(script, 2);
    await writeFile(join(script, 'train.mjs'), source);
    const argv = [process.execPath, join(script, 'train.mjs'), '{training}', '{out}'];
    const client = await openClient({ engine: createCommandEngine({ argv, models, data, grace: 200 }), limits: { silence: 300 } });
    return client.ended((await client.order({ model: 'abacus' })).id);
  };
  const late = copy.replace("console.log('some words');", "console.log('some words'); await new Promise(rest => setTimeout(rest, 900));");
  expect((await engine(late)).status).toBe('succeeded');
  const speaks = `console.log(JSON.stringify({ t: 'progress', step: 1, total: 9, train_loss: 1 })); setInterval(() => 0, 1000);`;
  expect(await engine(speaks)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
});

test('trainers that know no weights are given one row a trained turn', () => {
  const said = (role: string, content: string, weight?: number) => ({ role, content, ...(weight === undefined ? {} : { weight }) });
  const critic = [said('user', 'q'), said('assistant', 'a', 0), said('user', 'and now?'), said('assistant', 'b', 1)];
  const chat = [said('system', 's'), said('user', 'q'), said('assistant', 'a'), said('user', 'r'), said('assistant', 'b')];
  const rows = new TextEncoder().encode(`${JSON.stringify({ messages: critic })}\n\n${JSON.stringify({ messages: chat })}\n`);
  const bare = (list: { role: string; content: string }[]) => list.map(({ role, content }) => ({ role, content }));
  const read = (text: string) =>
    text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as unknown);
  expect(read(asCompletions(rows))).toEqual([
    { prompt: bare(critic.slice(0, 3)), completion: bare(critic.slice(3)) },
    { prompt: bare(chat.slice(0, 2)), completion: bare(chat.slice(2, 3)) },
    { prompt: bare(chat.slice(0, 4)), completion: bare(chat.slice(4)) },
  ]);
  const marked = (list: { role: string; content: string }[]) => bare(list).map((turn, i) => ({ ...turn, train: i === list.length - 1 }));
  expect(read(asLastTurns(rows))).toEqual([critic, chat.slice(0, 3), chat].map(list => ({ messages: marked(list) })));
  expect(Object.keys(JSON.parse(datasetInfo(['train', 'validation'])) as object)).toEqual(['train', 'validation']);
});

test('the recipes are lists of arguments, and name only what is filled in', async () => {
  const commands = [...commandRecipes.matchAll(/--command '([^']+)'/g)].map(([, json]) => JSON.parse(json!) as string[]);
  expect(commands.map(([program]) => program)).toEqual(['trl', 'axolotl', 'llamafactory-cli']);
  const script = join(data, 'script');
  await mkdir(script, { recursive: true });
  await writeFile(
    join(script, 'see.mjs'),
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(script, 'seen'))}, JSON.stringify(process.argv.slice(2)));`,
  );
  for (const command of commands) {
    const client = await openClient({
      engine: createCommandEngine({ argv: [process.execPath, join(script, 'see.mjs'), ...command], models, data }),
    });
    await client.ended((await client.order({ model: 'abacus' })).id);
    const seen = JSON.parse(await readFile(join(script, 'seen'), 'utf8')) as string[];
    expect(seen).toHaveLength(command.length);
    expect(seen.filter(part => /[{}]/.test(part) || part === '')).toEqual([]);
    await client.close();
  }
});
