// From what is stored, of whatever schema, to a run that can be shown, and to a file that can be handed out.
import type { RunEvent, RunFile } from '../debate/events';
import { StoreError } from './errors';
import { readEvent, readHeader, schemaOf } from './migrate';
import { recordSchema, type RunHeader } from './records';

export interface StoredRun {
  header: RunHeader;
  events: RunEvent[];
  /** Written by a newer version: show and export, but do not continue. */
  readOnly: boolean;
}

/** A run of a schema this version cannot read, as it is stored. */
export interface ExportedRun {
  polylogue: 'run';
  schema: number;
  events: unknown[];
}

/** @throws StoreError 'damaged', or 'read-only' when a newer version wrote what this one cannot show */
export function readStored({ header: storedHeader, events: storedEvents }: { header: unknown; events: unknown[] }): StoredRun {
  const newer = [storedHeader, ...storedEvents].some(record => schemaOf(record) > recordSchema);
  // A newer version may have changed nothing that this run uses: then it can be shown, but never written.
  const relabel = (record: unknown): unknown => (newer ? { ...(record as object), schema: recordSchema } : record);
  try {
    const header = readHeader(relabel(storedHeader));
    const events = storedEvents.map(record => readEvent(relabel(record)));
    const gap = storedEvents.findIndex((record, at) => (record as { seq?: unknown }).seq !== at);
    if (gap >= 0 || header.events !== events.length) {
      throw new StoreError(
        'damaged',
        `The journal of this run is not complete (${events.length} of ${header.events} events).`,
        'Export it.',
      );
    }
    return { header, events, readOnly: newer };
  } catch (error) {
    if (!newer || !(error instanceof StoreError)) throw error;
    throw new StoreError('read-only', 'This run was made by a newer version of Polylogue.', 'Reload to update, or export it.', error);
  }
}

/** The journal as a file under the run's present title: a title is a label, the only thing a person may change. */
export function asRunFile(header: RunHeader, events: readonly RunEvent[]): RunFile {
  const titled = events.map(event => (event.type === 'run-started' ? { ...event, title: header.title } : event));
  return { polylogue: 'run', schema: 1, events: titled };
}
