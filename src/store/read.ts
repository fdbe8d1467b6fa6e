// From what is stored, of whatever schema, to a run or loop that can be shown, and to a file that can be handed out.
import type { RunEvent, RunFile } from '../debate/events';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { StoreError } from './errors';
import { missing, type JournalHeader, type Kind } from './kind';
import type { LoopHeader } from './loop-records';
import { schemaOf } from './migrate';
import { recordSchema, type RunHeader } from './records';

export interface Stored<E, H> {
  header: H;
  events: E[];
  /** Written by a newer version: show and export, but do not continue. */
  readOnly: boolean;
}
export type StoredRun = Stored<RunEvent, RunHeader>;
export type StoredLoop = Stored<LoopEvent, LoopHeader>;

/** A run of a schema this version cannot read, as it is stored. */
export interface ExportedRun {
  polylogue: 'run';
  schema: number;
  events: unknown[];
}

/**
 * Reads a journal page by page, each record checked as it comes.
 * A newer version may have changed nothing that it uses: then it can be shown, but never written.
 */
export class StoredReader<E extends { type: string }, H extends JournalHeader> {
  readonly #events: E[] = [];
  #header: H | null = null;
  #newer = false;
  #failed: StoreError | null = null;

  /** @param from `seq` of the first event that will come */
  constructor(
    private readonly kind: Kind<E, H>,
    private readonly from = 0,
  ) {}

  header(record: unknown): void {
    this.#header = this.#read(record, known => this.kind.readHeader(known));
  }

  page(records: readonly unknown[]): void {
    for (const record of records) {
      const event = this.#read(record, known => this.kind.readEvent(known));
      if (event === null) continue;
      const seq = this.from + this.#events.length;
      if ((record as { seq?: unknown }).seq !== seq) this.#failed ??= this.#incomplete(`event ${seq} is missing`);
      this.#events.push(event);
    }
  }

  /** @throws StoreError 'damaged', or 'read-only' when a newer version wrote what this one cannot show */
  end(): Stored<E, H> {
    const header = this.#header;
    const length = this.from + this.#events.length;
    if (header && header.events !== length) this.#failed ??= this.#incomplete(`${length} of ${header.events} events`);
    if (header && !this.#failed) return { header, events: this.#events, readOnly: this.#newer };
    if (!this.#newer) throw this.#failed ?? missing(this.kind.key);
    throw new StoreError(
      'read-only',
      `This ${this.kind.key} was made by a newer version of Polylogue.`,
      'Reload to update, or export it.',
      this.#failed,
    );
  }

  #incomplete = (how: string): StoreError =>
    new StoreError('damaged', `The journal of this ${this.kind.key} is not complete (${how}).`, 'Export it.');

  /** After the first record that cannot be read the others only tell whether a newer version was here. */
  #read<T>(record: unknown, read: (record: unknown) => T): T | null {
    const newer = schemaOf(record) > recordSchema;
    this.#newer ||= newer;
    if (this.#failed) return null;
    try {
      return read(newer ? { ...(record as object), schema: recordSchema } : record);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#failed = error;
      return null;
    }
  }
}

/** The journal as a file under the run's present title: a title is a label, the only thing a person may change. */
export function asRunFile(header: RunHeader, events: readonly RunEvent[]): RunFile {
  const titled = events.map(event => (event.type === 'run-started' ? { ...event, title: header.title } : event));
  return { polylogue: 'run', schema: 1, events: titled };
}

/** A loop of a schema this version cannot read, as it is stored. */
export interface ExportedLoop {
  polylogue: 'loop';
  schema: number;
  events: unknown[];
  runs?: LoopFile['runs'];
  sets?: LoopFile['sets'];
}

export function asLoopFile(header: LoopHeader, events: readonly LoopEvent[]): LoopFile {
  const titled = events.map(event => (event.type === 'loop-started' ? { ...event, title: header.title } : event));
  return { polylogue: 'loop', schema: 1, events: titled };
}
