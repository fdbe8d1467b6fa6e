// One step of the test run: a command, whether it passed, and what it said.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export interface Step {
  name: string;
  passed: boolean;
  output: string;
}

/** Runs a tool of node_modules/.bin (or a system command when `system`), collecting what it prints. */
export function run([tool = '', ...args]: string[], cwd: string, system = false): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(system ? tool : resolve(root, 'node_modules/.bin', tool), args, {
      cwd,
      env: { ...process.env, CI: '1', NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.on('data', chunk => (output += chunk));
    child.stderr.on('data', chunk => (output += chunk));
    child.on('error', fail);
    child.on('close', code => done({ code: code ?? 1, output }));
  });
}
