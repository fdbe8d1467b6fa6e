// A job in a folder: how the engine hands it to its worker process, and how the worker hands back what it made.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Files, TrainJob } from '../engine';

/** A base in a folder of this machine. */
export interface DiskBase {
  id: string;
  dir: string;
  repo?: string | null;
  revision?: string | null;
}

export interface FolderJob {
  base: DiskBase;
  threads: number;
  job: TrainJob;
}

const bytesOf = async (path: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(path));

/** Files first, then the marker: a folder without it is a torn one. */
export async function writeFiles(dir: string, files: Files): Promise<void> {
  const unfinished = `${dir}.part`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(unfinished, name), bytes);
  await writeFile(join(unfinished, 'COMPLETE'), '');
  await rm(dir, { recursive: true, force: true });
  await rename(unfinished, dir);
}

/** @returns null when there is no whole folder of this name */
export async function readFiles(dir: string): Promise<Files | null> {
  if (!existsSync(join(dir, 'COMPLETE'))) return null;
  const names = (await readdir(dir)).filter(name => name !== 'COMPLETE');
  return Object.fromEntries(await Promise.all(names.map(async name => [name, await bytesOf(join(dir, name))] as const)));
}

export async function writeJob(dir: string, { base, threads, job }: FolderJob): Promise<void> {
  const { from, resume, training, validation, ...rest } = job;
  await writeFile(join(dir, 'training.jsonl'), training);
  if (validation) await writeFile(join(dir, 'validation.jsonl'), validation);
  if (from) await writeFiles(join(dir, 'from'), from);
  if (resume) await writeFiles(join(dir, 'resume'), resume);
  await writeFile(join(dir, 'job.json'), JSON.stringify({ base, threads, job: rest }));
}

export async function readJob(dir: string): Promise<FolderJob> {
  const { base, threads, job } = JSON.parse(await readFile(join(dir, 'job.json'), 'utf8')) as FolderJob;
  const validation = join(dir, 'validation.jsonl');
  return {
    base,
    threads,
    job: {
      ...job,
      training: await bytesOf(join(dir, 'training.jsonl')),
      validation: existsSync(validation) ? await bytesOf(validation) : null,
      from: await readFiles(join(dir, 'from')),
      resume: await readFiles(join(dir, 'resume')),
    },
  };
}
