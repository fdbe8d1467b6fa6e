// The command as a user runs it, with the model that ships: real debates, real training, and kills.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';

import type { LoopEvent, LoopFile } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { decodeLoopFile } from '../share/loopFile';
import { decodeWeights } from '../share/weightsFile';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'polylogue-loop-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const config = join(dir, 'tiny.json');
// Whatever unit the preset counts in, here it is updates.
const steps = { steps: 3, epochs: null, batchSize: 4, warmupSteps: 1 };
const tiny = {
  iterations: 1,
  trainQuestions: 4,
  evalQuestions: 2,
  nllQuestions: 1,
  debate: { seats: [{ generator: null, critic: null }], difficulty: 'easy' },
  datasets: { criticOnEmpty: 'other' },
  training: { generator: steps, critic: steps },
};
writeFileSync(config, JSON.stringify(tiny));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param die tells when to kill without warning */
function cli(args: string[], die?: () => boolean): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'loop', ...args], { cwd: root });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', chunk => (stdout += String(chunk)));
  child.stderr.on('data', chunk => (stderr += String(chunk)));
  const watch = die && setInterval(() => die() && child.kill('SIGKILL'), 2);
  return new Promise(done =>
    child.on('close', code => {
      clearInterval(watch);
      done({ code, stdout, stderr });
    }),
  );
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const all = (out: string): LoopFile => JSON.parse(gunzipSync(readFileSync(join(out, 'all.loop.json.gz'))).toString('utf8')) as LoopFile;

/** What a loop came to, without its times and its name, which rows carry: draws, sets and training follow from the seed, weights to the bit. */
function outcome({ events, runs = {} }: LoopFile): unknown {
  const texts = Object.values(runs).flatMap(run =>
    run.flatMap(event => (event.type === 'turn' ? [`${event.turn.id}: ${event.turn.text}`] : [])),
  );
  const kept = events.map(parseLoopEvent).flatMap((event: LoopEvent): unknown[] => {
    if (event.type === 'collected') return event.sets.map(({ role, size, minus }) => [role, size, minus]);
    if (event.type === 'job-ended') return [`${event.agent} ${event.outcome} ${event.losses.join()} ${event.kept?.sha256}`];
    if (event.type === 'adopted') return [`${event.agent} ${event.sha256} ${event.probe?.passed}`];
    return event.type === 'measured' ? [event.measures] : [];
  });
  return { texts: texts.sort(), kept: kept.map(value => JSON.stringify(value)).sort() };
}

// Starts a process, loads the model and trains in further processes; on a busy machine that takes a while.
describe('npm run cli -- loop', { timeout: 300_000 }, () => {
  test('killed in the middle of every stage and resumed, it is the loop that nobody killed', async () => {
    const whole = join(dir, 'whole');
    const { code, stdout, stderr } = await cli(['--config', config, '--out', whole]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/iteration\s+one generator\s+majority of 1\s+one critic\s+debate, 2 rounds/);
    expect(readdirSync(whole).sort()).toEqual(['adapters', 'all.loop.json.gz', 'loop.json', 'runs', 'sets', 'tuner', 'weights.zip']);
    expect(all(whole).events.filter(({ type }) => type === 'adopted')).toHaveLength(2);
    // What the page is given: unchanged since it was written, with the weights of each agent.
    const bytesOf = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(whole, name)));
    for (const name of ['all.loop.json.gz', 'loop.json']) expect((await decodeLoopFile(bytesOf(name))).edited).toBe('intact');
    const adopted = all(whole).events.flatMap(event => (event.type === 'adopted' ? [[event.adapter, event.dataset, event.sha256]] : []));
    const weights = decodeWeights(bytesOf('weights.zip')).map(({ facts: { id, dataset, files } }) => [
      id,
      dataset,
      files.find(({ name }) => name === 'adapter_model.safetensors')!.sha256,
    ]);
    expect(weights.sort()).toEqual(adopted.sort());

    const out = join(dir, 'killed');
    const journal = join(out, 'loop.journal');
    const runs = join(out, 'runs');
    const spoken = (of: RegExp, lines: number): boolean =>
      existsSync(runs) && readdirSync(runs).some(name => of.test(name) && read(join(runs, name)).split('\n').length > lines);
    const moments: (() => boolean)[] = [
      // In the first debate; while a job is at work; when one is done; when its weights are in; in the last debate.
      () => spoken(/-it0-evaluate\.journal$/, 3),
      () => read(journal).includes('"job-created"'),
      () => read(journal).includes('"job-ended"'),
      () => read(journal).includes('"adopted"'),
      () => spoken(/-it1-evaluate\.journal$/, 2),
    ];
    for (const [i, die] of moments.entries()) {
      const killed = await cli(['--out', out, ...(i ? ['--resume'] : ['--config', config])], die);
      expect(killed.code).toBeNull();
    }
    expect((await cli(['--out', out, '--resume'])).code).toBe(0);
    expect(outcome(all(out))).toEqual(outcome(all(whole)));
    expect(all(out).events.filter(({ type }) => type === 'note')).toHaveLength(moments.length);
    expect(existsSync(journal)).toBe(false);
  });

  test('a folder that holds a loop is neither overwritten nor resumed with other settings', async () => {
    const out = join(dir, 'whole');
    expect(await cli(['--out', out])).toMatchObject({ code: 1, stderr: expect.stringContaining('add --resume') as string });
    expect(await cli(['--out', join(dir, 'none'), '--resume'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing to resume') as string,
    });
  });
});
