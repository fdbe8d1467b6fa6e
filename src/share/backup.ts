// Everything of a record but its weights as one archive: a zip with a file of JSON lines for each run, loop and training set.
import { Zip, ZipDeflate } from 'fflate';
import type { TrainingSet } from '../datasets/records';
import type { RunEvent } from '../debate/events';
import type { LoopFile } from '../experiment/records';
import { publicLoop } from './loopFile';
import { publicRun } from './publicRun';

export type Kept = { kind: 'run'; events: readonly RunEvent[] } | { kind: 'loop'; file: LoopFile } | { kind: 'set'; set: TrainingSet };
export const manifestName = 'polylogue.json';
const folders = { run: 'runs', loop: 'loops', set: 'sets' } as const;

/** A line of a loop's file: an event of it, an event of one of its debates, the header of a set, or a row of the set before. */
type LoopLine = { loop: unknown } | { run: string; event: unknown } | SetLine;
type SetLine = { set: unknown } | { row: unknown };

function* setLines({ header, rows }: TrainingSet): Generator<SetLine> {
  yield { set: header };
  for (const row of rows) yield { row };
}

function* linesOf(kept: Kept): Generator<RunEvent | LoopLine> {
  if (kept.kind === 'run') return yield* publicRun(kept.events);
  if (kept.kind === 'set') return yield* setLines(kept.set);
  const { events, runs = {}, sets = {} } = publicLoop(kept.file);
  for (const event of events) yield { loop: event };
  for (const [run, own] of Object.entries(runs)) for (const event of own) yield { run, event };
  for (const set of Object.values(sets)) yield* setLines(set);
}

/** Writes an archive part by part. */
export class BackupWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #zip = new Zip((error, data) => {
    if (error) throw error;
    this.#bytes.push(new Uint8Array(data));
  });

  /** @throws v.ValiError when a part is not what it says; the archive is then as it was */
  add(kept: Kept): void {
    this.#file(folders[kept.kind], 'jsonl', [...encoded(linesOf(kept))]);
  }

  /** What this version cannot read goes along as it is stored; a newer one may. */
  addUnreadable(stored: object): void {
    this.#file('unreadable', 'json', [...encoded([stored])]);
  }

  /** @param at ISO 8601 */
  end(at: string, app: string): Blob {
    this.#write(manifestName, [...encoded([{ polylogue: 'backup', schema: 1, at, app, holds: this.#counts }])]);
    this.#zip.end();
    return new Blob(this.#bytes, { type: 'application/zip' });
  }

  #file(folder: string, extension: string, chunks: readonly Uint8Array[]): void {
    const count = (this.#counts[folder] ?? 0) + 1;
    this.#counts[folder] = count;
    this.#write(`${folder}/${String(count).padStart(5, '0')}.${extension}`, chunks);
  }

  #write(name: string, chunks: readonly Uint8Array[]): void {
    const file = new ZipDeflate(name, { level: 6 });
    this.#zip.add(file);
    chunks.forEach((chunk, at) => file.push(chunk, at === chunks.length - 1));
  }
}

/** JSON lines as bytes, some hundred thousand at a time; at least one chunk. */
function* encoded(lines: Iterable<unknown>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for (const line of lines) {
    text += `${JSON.stringify(line)}\n`;
    if (text.length < 100_000) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}
