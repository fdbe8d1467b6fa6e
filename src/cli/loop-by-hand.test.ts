// A loop that trains nothing: its sets are carried away, trained by a tuner that knows nothing else of it, and the weights put into its folder.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';

import { trainElsewhere } from '../../test/fixtures/train-elsewhere';
import { foldLoopAll } from '../experiment/fold';
import type { LoopFile } from '../experiment/records';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'polylogue-by-hand-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function cli(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'loop', ...args], { cwd: root });
  let stderr = '';
  child.stdout.resume();
  child.stderr.on('data', chunk => (stderr += String(chunk)));
  return new Promise(done => child.on('close', code => done({ code, stderr })));
}

test('waits for weights, refuses those of another base by name, and goes on with what it was given', { timeout: 300_000 }, async () => {
  const out = join(dir, 'loop');
  const config = join(dir, 'tiny.json');
  const debate = {
    seats: [
      { generator: null, critic: null },
      { generator: null, critic: null },
    ],
    difficulty: 'easy',
  };
  const tiny = { iterations: 1, trainQuestions: 8, evalQuestions: 2, nllQuestions: 0, debate, datasets: { criticOnEmpty: 'other' } };
  writeFileSync(config, JSON.stringify(tiny));

  const first = await cli('--config', config, '--out', out, '--by-hand');
  expect(first.code).toBe(1);
  expect(first.stderr).toMatch(/weights are awaited in .*by-hand.*it1.*--resume --by-hand/s);
  const folder = (agent: string, name: string): string => join(out, 'by-hand/it1', agent, name);
  const trained = await trainElsewhere(
    (['generator_1', 'critic_1'] as const).map(agent => ({
      agent,
      training: readFileSync(folder(agent, 'train.jsonl'), 'utf8'),
      validation: null,
    })),
    join(dir, 'elsewhere'),
  );
  for (const [agent, files] of trained) for (const [name, bytes] of Object.entries(files)) writeFileSync(folder(agent, name), bytes);
  const named = folder('critic_1', 'adapter_config.json');
  writeFileSync(named, readFileSync(named, 'utf8').replace('"abacus"', '"lab/other"'));
  for (const agent of ['generator_2', 'critic_2']) writeFileSync(folder(agent, 'keep'), '');

  const second = await cli('--resume', '--out', out, '--by-hand');
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/critic_1 are not taken\. It says that it was trained on lab\/other; abacus is loaded here\..*--any-base/s);
  const third = await cli('--resume', '--out', out, '--by-hand', '--any-base');
  expect({ ...third }).toMatchObject({ code: 0 });

  const { events } = JSON.parse(gunzipSync(readFileSync(join(out, 'all.loop.json.gz'))).toString('utf8')) as LoopFile;
  const loop = foldLoopAll(events);
  expect(loop.start!.endpoint).toEqual({ kind: 'export', origin: '' });
  expect(loop.finished).not.toBeNull();
  const { jobs, adopted } = loop.iterations[1]!;
  expect(['generator_1', 'critic_1', 'generator_2', 'critic_2'].map(agent => jobs.get(agent as 'critic_1')!.ended!.outcome)).toEqual([
    ...['succeeded', 'succeeded', 'skipped', 'skipped'],
  ]);
  expect(jobs.get('generator_1')!.ended).toMatchObject({ job: 'given by hand', kept: { kind: 'lora' } });
  expect(adopted.get('generator_1')!.probe).toMatchObject({ passed: true });
});
