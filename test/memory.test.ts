// Six agents are one set of weights and six pairs of thin matrices: what the process takes, in a fresh one for each number of agents.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from './steps';

async function memoryOf(agents: number): Promise<number> {
  const args = ['--expose-gc', '--import', 'tsx', 'test/fixtures/society-memory.ts', String(agents)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const { done, rss } = JSON.parse(stdout) as { done: number; rss: number };
  expect(done).toBe(24);
  return rss;
}

it('a process with six agents takes at most 1.1 times the memory of one with one', async () => {
  // The lesser of two: a busy machine leaves garbage behind now and then.
  const least = async (agents: number): Promise<number> => Math.min(await memoryOf(agents), await memoryOf(agents));
  const [one, six] = [await least(1), await least(6)];
  console.log(`one agent ${(one / 2 ** 20).toFixed(0)} MB, six agents ${(six / 2 ** 20).toFixed(0)} MB: ${(six / one).toFixed(3)}×`);
  expect(six / one).toBeLessThanOrEqual(1.1);
});
