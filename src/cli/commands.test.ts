// The commands of package.json as a newcomer starts them, each with as little work as it takes: seconds, more where others share the machine.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './own-tuner';

const patience = { timeout: 180_000 };
let dir: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'polylogue-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(dir, { recursive: true, force: true });
});

interface Run {
  /** All it has said so far, to either ear. */
  said(): string;
  ended: Promise<number | null>;
}

function start(command: string, ...options: string[]): Run {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const [runner, ...file] = scripts[command]!.split(' ');
  expect(runner).toBe('tsx');
  const started = spawn(process.execPath, ['--import', 'tsx', ...file, ...options], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  let text = '';
  for (const stream of [started.stdout, started.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { said: () => text, ended: new Promise(done => started.once('close', done)) };
}

async function finished(run: Run): Promise<string> {
  expect([await run.ended, run.said()]).toEqual([0, expect.any(String)]);
  return run.said();
}

test('npm start serves page and endpoint on a free port, and Ctrl+C ends it', patience, async () => {
  const run = start('start', '--port', '0', '--data', join(dir, 'tuner'));
  await expect.poll(run.said, { timeout: 150_000 }).toMatch(/It trains on this machine/);
  const url = /Polylogue is at (http:\/\/localhost:\d+\/)/.exec(run.said())![1]!;
  const page = await (await fetch(url)).text();
  expect(page).toContain('<title>Polylogue');
  const script = /src="\.?\/?(assets\/[^"]+\.js)"/.exec(page)![1]!;
  expect((await fetch(url + script)).status).toBe(200);
  const { token } = (await (await fetch(`${url}endpoint.json`, { headers: { 'sec-fetch-site': 'same-origin' } })).json()) as {
    token: string;
  };
  const models = await fetch(`${url}v1/models`, { headers: { authorization: `Bearer ${token}` } });
  expect(await models.json()).toMatchObject({ data: [{ id: 'abacus' }] });
  child!.kill('SIGINT');
  expect(await run.ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test('npm run eval:builtin writes a card of what it measured', patience, async () => {
  const said = await finished(start('eval:builtin', '--questions', '4', '--hard', '0', '--out', dir));
  expect(said).toMatch(/^standard .*styles \d/m);
  const card = readFileSync(join(dir, 'MODEL_CARD.md'), 'utf8');
  expect(card).toContain('abacus');
  expect(card).toMatch(/n 4\b|\(4\)|\b4 \|/);
});

test('npm run train:builtin takes steps, keeps a checkpoint and goes on from it', patience, async () => {
  const model = (): number => statSync(join(root, 'public/models/abacus/model.safetensors')).mtimeMs;
  const before = model();
  await finished(start('train:builtin', '--to', 'reason', '--steps', '2', '--out', dir));
  expect(readdirSync(dir).sort()).toEqual(['log.jsonl', 'reason.ckpt']);
  await finished(start('train:builtin', '--from', 'read', '--to', 'read', '--steps', '1', '--out', dir));
  const log = readFileSync(join(dir, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; stage?: string; tokens?: number });
  expect(log.flatMap(({ event, stage }) => (event === 'stage' ? [stage] : []))).toEqual(['reason', 'read']);
  expect(log.at(-1)!.tokens).toBeGreaterThan(0);
  expect(model()).toBe(before);
});

test('npm run bench prints its table', patience, async () => {
  const said = await finished(start('bench', '--only', 'node', '--rounds', '1'));
  expect(said).toMatch(/^\| node, 0\.9 M: decode step over the `session\.run` inside it, 24 rows \| \d\.\d\d×/m);
  expect(said).toMatch(/^\| node, 0\.9 M: 3 agents × 8 questions over generate\(\) one by one \| \d/m);
});
