// A run on disk while it goes on: one event per line, written before the next turn starts. A line cut off by a kill is dropped on resume.
import { open, readFile, rm, truncate } from 'node:fs/promises';

import type { RunEvent, RunFile } from '../debate/events';
import { parseRunEvent } from '../debate/schema';
import { replaceFile } from './durable';
import { CliError } from './errors';

export interface Journal<Event> {
  /** What is on disk, in order. */
  events: readonly Event[];
  /** Resolves once the line is in the file: it survives the end of this process, and soon, or at once, that of the machine. */
  append(event: Event): Promise<void>;
  close(): Promise<void>;
}
export type RunJournal = Journal<RunEvent>;

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function stored<Event>(path: string, parse: (value: unknown) => Event): Promise<Event[] | null> {
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
        return parse(JSON.parse(line));
      } catch (error) {
        throw new CliError(`${path} is damaged at line ${i + 1}: ${(error as Error).message}`);
      }
    });
}

/** A disk takes milliseconds to promise anything; turns come by the hundred, and one that is lost is spoken again, word for word. */
const turnsSync = 500;

/**
 * Opens a journal, whether or not it is there.
 * @param parse throws for what is no event
 * @param syncEvery milliseconds that a power cut may cost at most; 0 = nothing that was appended
 */
export async function openJournal<Event>(path: string, parse: (value: unknown) => Event, syncEvery = turnsSync): Promise<Journal<Event>> {
  const events = (await stored(path, parse)) ?? [];
  const file = await open(path, 'a').catch((error: Error) => {
    throw new CliError(`cannot write ${path}: ${error.message}`);
  });
  let synced = performance.now();
  return {
    events,
    async append(event) {
      await file.appendFile(`${JSON.stringify(event)}\n`);
      if (performance.now() - synced < syncEvery) return;
      await file.datasync();
      synced = performance.now();
    },
    async close() {
      await file.datasync();
      await file.close();
    },
  };
}

/** @throws CliError when there is a journal and `resume` is false, or none and it is true */
export async function openRunJournal(path: string, resume: boolean): Promise<RunJournal> {
  const events = await stored(path, parseRunEvent);
  if (events?.length && !resume)
    throw new CliError(`${path} holds an interrupted run: add --resume to go on with it, or delete it to start anew.`);
  if (!events?.length && resume) throw new CliError(`nothing to resume: there is no ${path}.`);
  return openJournal(path, parseRunEvent);
}

/** One event per line, so that two runs can be compared with plain tools. Replaces the file in one step. */
export async function writeRun(path: string, events: readonly RunEvent[]): Promise<void> {
  const head = JSON.stringify({ polylogue: 'run', schema: 1 } satisfies Omit<RunFile, 'events'>).slice(0, -1);
  await replaceFile(path, `${head},"events":[\n${events.map(event => JSON.stringify(event)).join(',\n')}\n]}\n`);
}

export const dropJournal = (path: string): Promise<void> => rm(path, { force: true });
