// From what is stored, of whatever schema, to a run or loop that can be shown, and to a file that can be handed out.
import type { RunEvent, RunFile } from '../debate/events';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { StoreError } from './errors';
import type { JournalHeader, Kind } from './kind';
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

/** @throws StoreError 'damaged', or 'read-only' when a newer version wrote what this one cannot show */
export function readStored<E extends { type: string }, H extends JournalHeader>(
  kind: Kind<E, H>,
  { header: storedHeader, events: storedEvents }: { header: unknown; events: unknown[] },
): Stored<E, H> {
  const newer = [storedHeader, ...storedEvents].some(record => schemaOf(record) > recordSchema);
  // A newer version may have changed nothing that it uses: then it can be shown, but never written.
  const relabel = (record: unknown): unknown => (newer ? { ...(record as object), schema: recordSchema } : record);
  try {
    const header = kind.readHeader(relabel(storedHeader));
    const events = storedEvents.map(record => kind.readEvent(relabel(record)));
    const gap = storedEvents.findIndex((record, at) => (record as { seq?: unknown }).seq !== at);
    if (gap >= 0 || header.events !== events.length) {
      throw new StoreError(
        'damaged',
        `The journal of this ${kind.key} is not complete (${events.length} of ${header.events} events).`,
        'Export it.',
      );
    }
    return { header, events, readOnly: newer };
  } catch (error) {
    if (!newer || !(error instanceof StoreError)) throw error;
    throw new StoreError(
      'read-only',
      `This ${kind.key} was made by a newer version of Polylogue.`,
      'Reload to update, or export it.',
      error,
    );
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
