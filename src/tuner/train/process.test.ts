import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Files, TrainJob, TrainUpdate } from '../engine';
import { claims, modelsDir, someJob, tinyBase } from './fixture';
import type { DiskBase } from './job-folder';
import { jsonLines } from './lines';
import { nodeHost } from './node';
import { createOnnxEngine } from './onnx-engine';
import { createProcessEngine, type ProcessEngineOptions } from './process';

let dir: string;
let base: DiskBase;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'polylogue-test-'));
  const { folder } = tinyBase();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])
    writeFileSync(join(dir, name), (await folder.read(name))!);
  base = { id: 'tiny', dir };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A worker that does as it is told instead of training; `${dir}` of the job is its last argument. */
const worker = (body: string): string => {
  const path = join(dir, 'worker.mjs');
  writeFileSync(path, `const say = line => process.stdout.write(JSON.stringify(line) + '\\n');\n${body}`);
  return path;
};
const scratch = (): string => join(dir, 'jobs');
const run = async (
  job: TrainJob,
  options: Partial<ProcessEngineOptions> = {},
  onUpdate?: (update: TrainUpdate, stop: AbortController) => void,
) => {
  const updates: TrainUpdate[] = [];
  const stop = new AbortController();
  const engine = createProcessEngine({ models: [base], scratch: scratch(), ...options });
  const work = engine.train(
    'ftjob-1',
    job,
    update => {
      updates.push(update);
      onUpdate?.(update, stop);
    },
    stop.signal,
  );
  const [files, error] = await work.then(
    files => [files, null] as const,
    (error: unknown) => [null, error] as const,
  );
  return { files, error, updates };
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const until = async (is: () => boolean, seconds = 20): Promise<void> => {
  const end = Date.now() + 1000 * seconds;
  while (!is()) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise(later => setTimeout(later, 20));
  }
};

describe('a worker process', () => {
  it('trains to the very files that training in this process gives, and leaves only its log', async () => {
    const job = someJob({ checkpointEvery: 4 });
    const { files, updates, error } = await run(job);
    expect(error).toBeNull();
    const here: TrainUpdate[] = [];
    const engine = createOnnxEngine({ bases: [tinyBase()], ...nodeHost(1) });
    const expected = await engine.train('x', job, update => here.push(update), new AbortController().signal);
    const bits = (of: Files | null) => Buffer.from(of!['adapter_model.safetensors']!).toString('base64');
    expect(bits(files)).toBe(bits(expected));
    expect(updates.map(u => u.t)).toEqual(here.map(u => u.t));
    const last = updates.findLast(u => u.t === 'checkpoint')!;
    expect(Object.keys(last.files)).toContain('moments.safetensors');
    expect(readdirSync(join(scratch(), 'ftjob-1'))).toEqual(['worker.log']);
    // A resumed job is handed to a process in the same way.
    const [first] = updates.filter(u => u.t === 'checkpoint');
    const rest = await run({ ...job, resume: first!.files });
    expect(rest.updates.filter(u => u.t === 'progress').map(u => u.step)).toEqual([5, 6]);
    expect(bits(rest.files)).toBe(bits(expected));
  });

  it('hands on what was wrong with a row', async () => {
    const { error } = await run(someJob({ training: new TextEncoder().encode(`${claims(0, 1)[0]}\n{}`) }));
    expect(error).toMatchObject({
      name: 'TrainError',
      code: 'invalid_training_file',
      param: 'training_file',
      message: 'line 2: has no messages',
    });
  });

  it('is lost when it dies, with its last words', async () => {
    const crash = worker(`say({ t: 'warn', message: 'soon' }); console.error('no more'); process.exit(3);`);
    const { error, updates } = await run(someJob(), { worker: crash });
    expect(error).toMatchObject({ code: 'worker_lost', message: 'The worker ended with code 3 before it was done. It said: no more' });
    expect(updates).toEqual([{ t: 'warn', message: 'soon' }]);
    expect(readFileSync(join(scratch(), 'ftjob-1', 'worker.log'), 'utf8')).toBe('no more\n');
    expect(
      (await run(someJob(), { worker: worker(`process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 1000);`) })).error,
    ).toMatchObject({
      code: 'worker_lost',
      message: expect.stringMatching('by SIGKILL'),
    });
    expect((await run(someJob(), { worker: worker(`say({ t: 'done' });`) })).error).toMatchObject({ code: 'worker_lost' });
  });

  it('that runs out of memory says so', async () => {
    const full = worker(
      `console.error('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'); process.abort();`,
    );
    expect((await run(someJob(), { worker: full })).error).toMatchObject({ code: 'oom' });
  });

  it('is killed when it says nothing for too long', async () => {
    const hung = worker(`process.on('SIGTERM', () => 0); setInterval(() => 0, 1000);`);
    expect((await run(someJob(), { worker: hung, silence: 1500 })).error).toMatchObject({ code: 'timeout' });
  });

  it('stops between two updates when it is told to, and is killed if it does not', async () => {
    const long = someJob({ hyperparameters: { max_steps: 1_000_000 } });
    const { error, updates } = await run(long, {}, (update, stop) => {
      if (update.t === 'progress' && update.step === 3) stop.abort(new Error('enough'));
    });
    expect(error).toMatchObject({ message: 'enough' });
    expect(updates.at(-1)).toMatchObject({ t: 'progress', step: 3 });
    const deaf = worker(`process.on('SIGTERM', () => 0); say({ t: 'warn', message: String(process.pid) }); setInterval(() => 0, 1000);`);
    const other = await run(someJob(), { worker: deaf, grace: 300 }, (_, stop) => stop.abort(new Error('now')));
    expect(other.error).toMatchObject({ message: 'now' });
    const [said] = other.updates;
    expect(isAlive(Number(said!.t === 'warn' && said!.message))).toBe(false);
  });

  it('learns nothing of its surroundings but where programs lie', async () => {
    process.env['POLYLOGUE_CANARY'] = 'sk-canary';
    const curious = worker(`say({ t: 'warn', message: JSON.stringify([process.env, process.argv]) });`);
    const { updates } = await run(someJob(), { worker: curious });
    delete process.env['POLYLOGUE_CANARY'];
    const [said] = updates;
    expect(said).toMatchObject({ t: 'warn' });
    expect(JSON.stringify(said)).not.toContain('canary');
  });

  it('does not outlive a parent that is killed', async () => {
    const pidFile = join(dir, 'pid');
    const own = worker(
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); await import(${JSON.stringify(pathToFileURL(resolve('src/tuner/train/process-worker.ts')).href)});`,
    );
    const parent = join(dir, 'parent.mts');
    writeFileSync(
      parent,
      `import { createProcessEngine } from ${JSON.stringify(pathToFileURL(resolve('src/tuner/train/process.ts')).href)};
       import { someJob } from ${JSON.stringify(pathToFileURL(resolve('src/tuner/train/fixture.ts')).href)};
       const engine = createProcessEngine({ models: [${JSON.stringify(base)}], scratch: ${JSON.stringify(scratch())}, worker: ${JSON.stringify(own)} });
       await engine.train('ftjob-1', someJob({ hyperparameters: { max_steps: 1000000 } }), u => console.log(u.t), new AbortController().signal);`,
    );
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const process_ = spawn(process.execPath, ['--import', tsx, parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    process_.stdout.on('data', piece => (said += String(piece)));
    await until(() => said.includes('progress'));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    process_.kill('SIGKILL');
    await until(() => !isAlive(pid));
    expect(existsSync(join(scratch(), 'ftjob-1'))).toBe(false);
  });

  it('may not be named by a path', async () => {
    const engine = createProcessEngine({ models: modelsDir, scratch: scratch() });
    await expect(engine.train('../x', someJob(), () => 0, new AbortController().signal)).rejects.toThrow('a job cannot be called ../x');
    expect(existsSync(scratch())).toBe(false);
  });
});

describe('its bases', () => {
  it('are the model folders, told with shapes and size', async () => {
    const [abacus] = await createProcessEngine({ models: modelsDir }).bases();
    expect(abacus).toMatchObject({ id: 'abacus', maxContext: 1024, parameters: 887_424, maxRank: 64 });
    const leftOut: string[] = [];
    const some = createProcessEngine({
      models: [base, { id: 'empty', dir: tmpdir() }],
      onLeftOut: (id, why) => leftOut.push(`${id}: ${why}`),
    });
    expect((await some.bases()).map(({ id }) => id)).toEqual(['tiny']);
    expect(leftOut).toEqual(['empty: This model has no config.json.']);
    await expect(createProcessEngine({ models: [{ id: 'empty', dir: tmpdir() }] }).bases()).rejects.toThrow(
      'This model has no config.json.',
    );
    expect(abacus!.shapes['model.layers.0.mlp.down_proj.weight']).toEqual([128, 384]);
  });
});

describe('its lines', () => {
  it('come in any pieces; what is no object, or too long, is passed over', () => {
    const heard: unknown[] = [];
    const feed = jsonLines(value => heard.push(value));
    const text = `{"t":"a"}\nnoise\n[1]\n${JSON.stringify({ t: 'x'.repeat(70_000) })}\n{"t":"b"}\n`;
    for (let at = 0; at < text.length; at += 1000) feed(text.slice(at, at + 1000));
    feed('{"t":');
    feed('"c"}\n');
    expect(heard).toEqual([{ t: 'a' }, { t: 'b' }, { t: 'c' }]);
  });
});
