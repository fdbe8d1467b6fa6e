// One whole iteration of the closed loop: how long its stages take, read off the record that it leaves behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LoopEvent, LoopFile } from '../../experiment/records';
import { CliError } from '../errors';

/** Seconds of wall clock. */
export interface LoopTimes {
  /** Training and held-out questions. */
  questions: [number, number];
  /** Adapters trained. */
  trained: number;
  trainedTokens: number;
  debate: number;
  train: number;
  /** Loading and probing new weights, and everything else between the stages. */
  adopt: number;
  evaluate: number;
  /** Scoring for NLL. */
  measure: number;
  /** From the end of the iteration before to the end of this one. */
  total: number;
}

type EventOf<T extends LoopEvent['type']> = Extract<LoopEvent, { type: T }>;

/** @throws RangeError when the record does not hold the iteration to its end */
export function timesOf(events: readonly LoopEvent[], iteration: number): LoopTimes {
  const of = <T extends LoopEvent['type']>(type: T, l = iteration): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.type === type && 'iteration' in event && event.iteration === l);
  const [start, before, after] = [events[0], of('measured', iteration - 1)[0], of('measured')[0]];
  const debated = of('debated').find(({ purpose }) => purpose === 'train');
  const evaluated = of('debated').find(({ purpose }) => purpose === 'evaluate');
  const collected = of('collected')[0];
  if (start?.type !== 'loop-started' || !before || !after || !debated || !evaluated || !collected)
    throw new RangeError(`iteration ${iteration} is not whole`);
  const ends = of('job-ended').filter(({ outcome }) => outcome === 'succeeded');
  const total = (Date.parse(after.at) - Date.parse(before.at)) / 1000;
  const train = (Math.max(...ends.map(({ at }) => Date.parse(at))) - Date.parse(collected.at)) / 1000;
  const [debate, evaluate, measure] = [debated.ms, evaluated.ms, after.ms].map(ms => ms / 1000) as [number, number, number];
  return {
    questions: [start.train.length, start.evaluate.length],
    trained: ends.length,
    trainedTokens: ends.reduce((sum, { trainedTokens }) => sum + trainedTokens, 0),
    debate,
    train,
    adopt: total - debate - train - evaluate - measure,
    evaluate,
    measure,
    total,
  };
}

/** Runs the command itself, in a folder that is thrown away. @throws CliError when it fails */
export async function benchLoop(root: string, args: readonly string[]): Promise<LoopTimes> {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-bench-'));
  const out = join(dir, 'loop');
  try {
    const command = ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'loop', '--iterations', '1', '--out', out, ...args];
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const code = await new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done));
    if (code !== 0) throw new CliError(`the loop ended with code ${code}`);
    return timesOf((JSON.parse(readFileSync(join(out, 'loop.json'), 'utf8')) as LoopFile).events, 1);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
