// A run on disk while it goes on: one event per line, written before the next turn starts. A line cut off by a kill is dropped on resume.
import { open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';

import type { RunEvent, RunFile } from '../debate/events';
import { parseRunEvent } from '../debate/schema';
import { CliError } from './errors';

export interface RunJournal {
  /** What is on disk, in order. */
  events: readonly RunEvent[];
  /** Resolves once the line is in the file: it survives the end of this process. */
  append(event: RunEvent): Promise<void>;
  close(): Promise<void>;
}

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function stored(path: string): Promise<RunEvent[] | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (missing(error)) return null;
    throw error;
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter(line => line)
    .map((line, i) => {
      try {
        return parseRunEvent(JSON.parse(line));
      } catch (error) {
        throw new CliError(`${path} is damaged at line ${i + 1}: ${(error as Error).message}`);
      }
    });
}

/** @throws CliError when there is a journal and `resume` is false, or none and it is true */
export async function openJournal(path: string, resume: boolean): Promise<RunJournal> {
  const events = await stored(path);
  if (events?.length && !resume)
    throw new CliError(`${path} holds an interrupted run: add --resume to go on with it, or delete it to start anew.`);
  if (!events?.length && resume) throw new CliError(`nothing to resume: there is no ${path}.`);
  const file = await open(path, 'a').catch((error: Error) => {
    throw new CliError(`cannot write ${path}: ${error.message}`);
  });
  return {
    events: events ?? [],
    append: async event => void (await file.appendFile(`${JSON.stringify(event)}\n`)),
    close: () => file.close(),
  };
}

/** One event per line, so that two runs can be compared with plain tools. Replaces the file in one step. */
export async function writeRun(path: string, events: readonly RunEvent[]): Promise<void> {
  const head = JSON.stringify({ polylogue: 'run', schema: 1 } satisfies Omit<RunFile, 'events'>).slice(0, -1);
  await writeFile(`${path}.part`, `${head},"events":[\n${events.map(event => JSON.stringify(event)).join(',\n')}\n]}\n`);
  await rename(`${path}.part`, path);
}

export const dropJournal = (path: string): Promise<void> => rm(path, { force: true });
