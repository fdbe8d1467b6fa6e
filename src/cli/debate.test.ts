// The command as a user runs it, with the model that ships.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, existsSync, appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunFile, Turn } from '../debate/events';
import { foldAll } from '../debate/fold';
import { rebuildPrompt } from '../debate/prompts';
import { parseRunEvent } from '../debate/schema';
import { tinyModel } from '../models/fixtures/tiny-model';
import { tinyConfig } from '../onnx/fixtures/weights';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'polylogue-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param killAt kill without warning once the journal holds so many lines */
function cli(args: string[], killAt?: { journal: string; lines: number }): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: root });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', chunk => (stdout += String(chunk)));
  child.stderr.on('data', chunk => (stderr += String(chunk)));
  const watch =
    killAt &&
    setInterval(() => {
      if (existsSync(killAt.journal) && readFileSync(killAt.journal, 'utf8').split('\n').length > killAt.lines) child.kill('SIGKILL');
    }, 2);
  return new Promise(done =>
    child.on('close', code => {
      clearInterval(watch);
      done({ code, stdout, stderr });
    }),
  );
}

const eventsOf = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as RunFile).events.map(parseRunEvent);
const turnsOf = (path: string): Map<string, Turn> =>
  new Map(eventsOf(path).flatMap(event => (event.type === 'turn' ? [[event.turn.id, event.turn]] : [])));
const texts = (path: string) => [...turnsOf(path)].map(([id, { text }]) => `${id}: ${text}`).sort();
const small = ['--questions', '4', '--agents', '3', '--rounds', '2', '--seed', '5'];

// Each command starts a process and loads the model; on a busy machine that takes a while.
describe('npm run cli', { timeout: 300_000 }, () => {
  it('21. debate runs end to end and writes a run that reads back, folds and rebuilds', async () => {
    const out = join(dir, 'whole.json');
    const { code, stdout } = await cli(['debate', ...small, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Round 2, vote \(the debate\)\s+\d+\.\d %\s+\d\/4\s+\d+\.\d–\d+\.\d %/);
    expect(existsSync(`${out}.journal`)).toBe(false);
    const state = foldAll(eventsOf(out));
    expect(state.finished).not.toBeNull();
    expect(state.ledger).toMatchObject({ calls: 36, failed: 0 });
    for (const question of state.questions.values())
      for (const turn of question.turns.values()) {
        expect(rebuildPrompt(turn, question).verified).toBe(true);
        expect(turn.ends).toHaveLength(turn.logprobs.length);
      }
  });

  it('debates with the model of any folder', async () => {
    const model = join(dir, 'someones-model');
    for (const [path, bytes] of tinyModel({ ...tinyConfig, maxPositions: 8192 })) {
      mkdirSync(dirname(join(model, path)), { recursive: true });
      writeFileSync(join(model, path), bytes);
    }
    const out = join(dir, 'folder.json');
    const { code, stderr } = await cli([
      ...['debate', '--model', model, '--questions', '2', '--agents', '3', '--rounds', '2'],
      ...['--max-tokens', '24', '--summary-tokens', '24', '--out', out],
    ]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
    const state = foldAll(eventsOf(out));
    expect(state.start?.config.base).toEqual({ kind: 'local', id: 'someones-model' });
    expect(state.ledger).toMatchObject({ calls: 18, failed: 0 });
    expect(state.finished).not.toBeNull();
  });

  it('a killed run resumes to the text of an uninterrupted one, and asks for --resume first', async () => {
    const out = join(dir, 'cut.json');
    const journal = `${out}.journal`;
    const narrow = [...small, '--width', '3', '--out', out];
    const killed = await cli(['debate', ...narrow], { journal, lines: 8 });
    expect(killed.code).toBeNull();
    const kept = readFileSync(journal, 'utf8').split('\n').length - 1;
    expect(kept).toBeGreaterThanOrEqual(8);
    // A line that was being written when the power went.
    appendFileSync(journal, '{"type":"turn","turn":{"id":"arith');

    const refused = await cli(['debate', ...narrow]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('add --resume')]);
    const other = await cli(['debate', ...narrow, '--resume', '--rounds', '3']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('other settings (rounds)')]);

    const resumed = await cli(['debate', ...narrow, '--resume']);
    expect(resumed.code).toBe(0);
    expect(texts(out)).toEqual(texts(join(dir, 'whole.json')));
    const ids = eventsOf(out).flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(36);
    expect(eventsOf(out).some(event => event.type === 'note' && event.note === 'resumed')).toBe(true);
    expect(existsSync(journal)).toBe(false);
  });

  it('one question says the same alone as among others', async () => {
    const out = join(dir, 'one.json');
    const whole = turnsOf(join(dir, 'whole.json'));
    const { qid } = [...whole.values()].at(-1)!;
    const { code, stdout } = await cli(['debate', ...small, '--only', qid, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toContain('Decision: ');
    const alone = turnsOf(out);
    expect(alone.size).toBe(9);
    for (const [id, turn] of alone) expect(turn.text).toBe(whole.get(id)!.text);
  });

  it('says what is wrong: no command, unknown command, no such model, nothing to resume', async () => {
    const [help, unknown, model, resume, folder] = await Promise.all([
      cli([]),
      cli(['argue']),
      cli(['debate', '--model', join(dir, 'nowhere'), '--out', join(dir, 'm.json')]),
      cli(['debate', '--resume', '--out', join(dir, 'never.json')]),
      cli(['debate', '--out', join(dir, 'no', 'such', 'folder.json')]),
    ]);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Commands:')]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no command "argue"')]);
    expect([model.code, model.stderr]).toEqual([1, expect.stringContaining('cannot load a model')]);
    expect([resume.code, resume.stderr]).toEqual([1, expect.stringContaining('nothing to resume')]);
    expect([folder.code, folder.stderr]).toEqual([1, expect.stringContaining('cannot write')]);
    expect(existsSync(join(dir, 'm.json.journal'))).toBe(false);
    for (const { stderr } of [unknown, model, resume, folder]) expect(stderr).not.toContain('    at ');
  });
});
