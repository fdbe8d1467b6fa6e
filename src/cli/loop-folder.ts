// A loop on disk: a journal of its events, one file per debate and set, a folder per agent's weights. Each file appears whole or not at all.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { agentName, type TrainingSet } from '../datasets/records';
import { parseTrainingSet } from '../datasets/schema';
import { sha256Of } from '../datasets/sha256';
import type { RunEvent, RunFile } from '../debate/events';
import { parseRunEvent } from '../debate/schema';
import { foldLoopAll } from '../experiment/fold';
import type { Tuned } from '../datasets/order';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { encodeLoopFile, loopDigest } from '../share/loopFile';
import { encodeWeights, weightsLimits, type Weights } from '../share/weightsFile';
import { replaceFile } from './durable';
import { CliError } from './errors';
import { openJournal, type Journal } from './run-journal';

const zip = promisify<Buffer, { level: number }, Buffer>(gzip);
const unzip = promisify<Buffer, Buffer>(gunzip);

const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, content);
}

const zipped = (value: unknown): Promise<Buffer> => zip(Buffer.from(JSON.stringify(value)), { level: 9 });

async function readZipped(path: string): Promise<unknown> {
  const bytes = await orNull(readFile(path));
  if (!bytes) return null;
  try {
    return JSON.parse((await unzip(bytes)).toString('utf8'));
  } catch (error) {
    throw new CliError(`${path} is damaged: ${(error as Error).message}`);
  }
}

const runPath = (dir: string, run: string): string => join(dir, 'runs', `${run}.run.json.gz`);

/** A finished debate of the loop in this folder, or null. */
export async function readLoopRun(dir: string, run: string): Promise<RunEvent[] | null> {
  const file = (await readZipped(runPath(dir, run))) as RunFile | null;
  return file && file.events.map(parseRunEvent);
}

/** What a finished loop's folder tells. @throws CliError when it holds none */
export async function readLoop(dir: string): Promise<LoopEvent[]> {
  const text = await orNull(readFile(join(dir, 'loop.json'), 'utf8'));
  if (text === null) throw new CliError(`there is no finished loop in ${dir}.`);
  try {
    return (JSON.parse(text) as LoopFile).events.map(parseLoopEvent);
  } catch (error) {
    throw new CliError(`${join(dir, 'loop.json')} is damaged: ${(error as Error).message}`);
  }
}

/** Leaves out what only a replay that streams token by token needs. */
const leaner = (event: RunEvent): RunEvent =>
  event.type === 'turn' ? { ...event, turn: { ...event.turn, ends: [], logprobs: [] } } : event;

export interface LoopFolder {
  /** The loop's journal as it was found. */
  events: readonly LoopEvent[];
  append(event: LoopEvent): Promise<void>;
  /** A finished debate, or null. */
  readRun(run: string): Promise<RunEvent[] | null>;
  openRun(run: string): Promise<Journal<RunEvent>>;
  /** Turns a run's journal into its file. */
  closeRun(run: string, journal: Journal<RunEvent>, events: readonly RunEvent[]): Promise<void>;
  keepSet(set: TrainingSet): Promise<void>;
  readSet(sha256: string): Promise<TrainingSet | null>;
  /** @returns sha256 of the weights file */
  keepAdapter(id: string, tuned: Tuned, facts: object): Promise<string>;
  readAdapter(id: string): Promise<Record<string, Uint8Array<ArrayBuffer>>>;
  /** Writes `loop.json`; with `all`, the one-file form beside it. */
  publish(events: readonly LoopEvent[], all: boolean): Promise<void>;
  /** Writes every agent's weights as the archive that the page imports. @returns false when there are none, or more than a page opens */
  publishWeights(events: readonly LoopEvent[]): Promise<boolean>;
  close(): Promise<void>;
}

const weights = ['adapter_model.safetensors', 'model.safetensors'];

/** @throws CliError when there is a loop and `resume` is false, or none and it is true */
export async function openLoopFolder(dir: string, { resume, lean = false }: { resume: boolean; lean?: boolean }): Promise<LoopFolder> {
  const journalPath = join(dir, 'loop.journal');
  const finished = await orNull(readFile(join(dir, 'loop.json'), 'utf8'));
  const begun = (await orNull(stat(journalPath))) !== null;
  if ((finished !== null || begun) && !resume)
    throw new CliError(`${dir} holds a loop: add --resume to go on with it, or choose another --out.`);
  if (finished === null && !begun && resume) throw new CliError(`nothing to resume: there is no loop in ${dir}.`);
  await mkdir(dir, { recursive: true });
  // Going on with a finished loop: its events become the journal again.
  if (finished !== null && !begun) {
    const { events } = JSON.parse(finished) as LoopFile;
    await put(journalPath, events.map(event => `${JSON.stringify(parseLoopEvent(event))}\n`).join(''));
  }
  const journal = await openJournal<LoopEvent>(journalPath, parseLoopEvent, 0);
  const setPath = (sha256: string): string => join(dir, 'sets', `${sha256}.json.gz`);
  const adapterDir = (id: string): string => join(dir, 'adapters', ...id.split('/'));

  const readRun = (run: string): Promise<RunEvent[] | null> => readLoopRun(dir, run);

  async function readSet(sha256: string): Promise<TrainingSet | null> {
    const value = await readZipped(setPath(sha256));
    return value === null ? null : parseTrainingSet(value);
  }

  async function readAdapter(id: string): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
    const names = await orNull(readdir(adapterDir(id)));
    if (!names) throw new CliError(`the weights of ${id} are not in ${dir} any more.`);
    const files = await Promise.all(names.map(async name => [name, new Uint8Array(await readFile(join(adapterDir(id), name)))] as const));
    return Object.fromEntries(files);
  }

  return {
    events: journal.events,
    append: event => journal.append(event),
    readRun,
    async openRun(run) {
      await mkdir(join(dir, 'runs'), { recursive: true });
      return openJournal<RunEvent>(join(dir, 'runs', `${run}.journal`), parseRunEvent);
    },
    async closeRun(run, open, events) {
      const file: RunFile = { polylogue: 'run', schema: 1, events: lean ? events.map(leaner) : [...events] };
      await put(runPath(dir, run), await zipped(file));
      await open.close();
      await rm(join(dir, 'runs', `${run}.journal`), { force: true });
    },
    keepSet: async set => put(setPath(set.header.sha256), await zipped(set)),
    readSet,
    async keepAdapter(id, tuned, facts) {
      const name = weights.find(file => tuned.files[file]);
      if (!name) throw new CliError(`the endpoint sent no weights for ${id}`);
      for (const [file, bytes] of Object.entries(tuned.files)) await put(join(adapterDir(id), file), bytes);
      const sha256 = createHash('sha256').update(tuned.files[name]!).digest('hex');
      await put(
        join(adapterDir(id), 'facts.json'),
        `${JSON.stringify({ ...facts, model: tuned.model, job: tuned.job, sha256 }, null, 2)}\n`,
      );
      return sha256;
    },
    readAdapter,
    async publish(events, all) {
      const file: LoopFile = { polylogue: 'loop', schema: 1, events: [...events] };
      const lines = events.map(event => JSON.stringify(event)).join(',\n');
      const digest = JSON.stringify(loopDigest(file));
      await put(join(dir, 'loop.json'), `{"polylogue":"loop","schema":1,"digest":${digest},"events":[\n${lines}\n]}\n`);
      if (!all) return;
      const runs: NonNullable<LoopFile['runs']> = {};
      const sets: NonNullable<LoopFile['sets']> = {};
      for (const event of events) {
        if (event.type === 'debated') runs[event.run] = (await readRun(event.run))!;
        if (event.type === 'collected') for (const { sha256 } of event.sets) sets[sha256] = (await readSet(sha256))!;
      }
      await put(join(dir, 'all.loop.json.gz'), await encodeLoopFile({ ...file, runs, sets }));
      await rm(journalPath, { force: true });
    },
    async publishWeights(events) {
      const start = events.find(event => event.type === 'loop-started');
      const kept = events.flatMap(event => (event.type === 'job-ended' && event.kept ? [{ ...event, kept: event.kept }] : []));
      const bytes = kept.reduce((sum, { kept: { bytes: own } }) => sum + own, 0);
      if (!start || kept.length === 0 || bytes > weightsLimits.bytes || kept.length > weightsLimits.agents) return false;
      const { iterations } = foldLoopAll(events);
      const all: Weights[] = [];
      for (const { iteration, agent, at, kept: own } of kept) {
        const { 'facts.json': _, ...files } = await readAdapter(own.adapter);
        const dataset = iterations[iteration]!.collected!.sets.find(set => agentName(set.role, set.agent) === agent)!.sha256;
        const listed = Object.entries(files).map(([name, data]) => ({ name, bytes: data.length, sha256: sha256Of(data) }));
        const facts = { id: own.adapter, loop: start.loop, iteration, agent, base: start.engine.modelHash, dataset, at, files: listed };
        all.push({ facts, files });
      }
      await put(join(dir, 'weights.zip'), encodeWeights(all));
      return true;
    },
    close: () => journal.close(),
  };
}
