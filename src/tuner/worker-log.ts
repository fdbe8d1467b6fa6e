// What a trainer writes to stderr stays in the folder of its job, the first megabyte of it over all of its lives.
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

const most = 1 << 20;

export const logOf = (jobs: string, id: string): string => join(jobs, id, 'worker.log');

/** @returns its last words */
export function keepLog(stream: Readable, path: string): () => string {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'a');
  let room = Math.max(0, most - fstatSync(file).size);
  let tail = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    tail = (tail + piece).slice(-600);
    const kept = Buffer.from(piece).subarray(0, room);
    room -= kept.length;
    writeSync(file, kept);
  });
  stream.once('close', () => closeSync(file));
  return () => tail.trim();
}
