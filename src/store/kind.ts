// The two things kept as journals, runs and loops: where each lies, what may stand in it once, and how its list is kept in step.
import * as v from 'valibot';
import type { RunEvent } from '../debate/events';
import type { LoopEvent } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { StoreError } from './errors';
import { advanceLoop, loopOnceKey, type LoopHeader } from './loop-records';
import { checked, headerMigrations, migrate, readEvent, readHeader, type Migrations } from './migrate';
import { advance, onceKey, recordSchema, type RunHeader } from './records';

export interface JournalHeader {
  schema: number;
  title: string;
  /** ISO 8601. */
  at: string;
  /** Length of the journal, which is the `seq` of the next event. */
  events: number;
  source: 'here' | 'imported';
}

export interface Kind<E extends { type: string }, H extends JournalHeader> {
  /** The field that names a journal, in its header and in its events; also the word for it. */
  key: 'run' | 'loop';
  stores: { headers: 'headers'; events: 'events' } | { headers: 'loops'; events: 'loopEvents' };
  idOf(header: H): string;
  advance(header: H, event: E): H;
  /** What may stand once in a journal; undefined = as often as it happens. */
  onceKey(event: E): string | undefined;
  /** @throws StoreError 'read-only' or 'damaged' */
  readHeader(record: unknown): H;
  /** @throws StoreError 'read-only' or 'damaged' */
  readEvent(record: unknown): E;
  /** After this event others may write. */
  ends(event: E): boolean;
}

export const runKind: Kind<RunEvent, RunHeader> = {
  key: 'run',
  stores: { headers: 'headers', events: 'events' },
  idOf: header => header.run,
  advance,
  onceKey,
  readHeader,
  readEvent,
  ends: event => event.type === 'run-finished',
};

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const loopHeader = v.object({
  schema: v.literal(recordSchema),
  loop: v.string(),
  title: v.string(),
  at: v.string(),
  app: v.string(),
  preset: v.string(),
  model: v.object({ kind: v.string(), id: v.string(), hash: v.string(), device: v.string(), dtype: v.string() }),
  agents: count,
  rounds: count,
  methods: v.array(v.picklist(['lora', 'full'])),
  iterations: count,
  measured: count,
  jobs: count,
  endpoint: v.object({ kind: v.string(), origin: v.string() }),
  seed: v.number(),
  runs: v.array(v.string()),
  finished: v.nullable(v.string()),
  events: count,
  source: v.picklist(['here', 'imported']),
});

export const loopMigrations: Migrations = {};

export const loopKind: Kind<LoopEvent, LoopHeader> = {
  key: 'loop',
  stores: { headers: 'loops', events: 'loopEvents' },
  idOf: header => header.loop,
  advance: advanceLoop,
  onceKey: loopOnceKey,
  readHeader: record => checked(() => v.parse(loopHeader, migrate(record, headerMigrations, recordSchema)), 'The header of a loop'),
  readEvent: record => {
    const { event, seq } = migrate(record, loopMigrations, recordSchema) as { event?: unknown; seq?: unknown };
    return checked(() => parseLoopEvent(event), `Event ${String(seq)} of a loop`);
  },
  ends: event => event.type === 'loop-finished',
};

/** Stored at [key, seq]; `once` is unique within a journal, so that the database itself refuses a doubled event. */
export interface JournalRecord<E> {
  schema: typeof recordSchema;
  seq: number;
  once?: string;
  event: E;
}

export function journalRecord<E extends { type: string }, H extends JournalHeader>(kind: Kind<E, H>, id: string, seq: number, event: E) {
  const once = kind.onceKey(event);
  // An absent key path keeps the record out of the unique index; `undefined` would too, but is not what other readers expect.
  return { schema: recordSchema, [kind.key]: id, seq, ...(once === undefined ? {} : { once }), event };
}

export const missing = (key: Kind<never, never>['key']): StoreError =>
  new StoreError('missing', key === 'run' ? 'There is no such run.' : 'There is no such loop.');
