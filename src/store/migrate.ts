// Records of every schema we ever wrote become today's shape when they are read; nothing is rewritten until it is written to.
import * as v from 'valibot';
import type { RunEvent } from '../debate/events';
import { issueText, parseRunEvent } from '../debate/schema';
import { StoreError } from './errors';
import { recordSchema, type RunHeader } from './records';

/** `steps[n]` turns a record of schema n into one of schema n + 1: pure, and kept for ever. */
export type Migrations = Readonly<Record<number, (record: Record<string, unknown>) => Record<string, unknown>>>;
export const headerMigrations: Migrations = {};
export const eventMigrations: Migrations = {};

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const header = v.object({
  schema: v.literal(recordSchema),
  run: v.string(),
  title: v.string(),
  at: v.string(),
  app: v.string(),
  model: v.object({ kind: v.string(), id: v.string(), hash: v.string(), device: v.string(), dtype: v.string() }),
  task: v.string(),
  difficulty: v.string(),
  agents: count,
  rounds: count,
  share: v.string(),
  seed: v.number(),
  questions: count,
  done: count,
  turns: count,
  failed: count,
  newTokens: count,
  finished: v.nullable(v.string()),
  events: count,
  source: v.picklist(['here', 'imported']),
  loop: v.exactOptional(v.string()),
});

/** The schema number of a stored record; NaN when it has none. */
export const schemaOf = (record: unknown): number =>
  typeof record === 'object' && record !== null && 'schema' in record && Number.isInteger(record.schema) ? (record.schema as number) : NaN;

/** @throws StoreError 'read-only' for a newer record, 'damaged' for one that no version of ours wrote. */
export function migrate(record: unknown, steps: Migrations, target: number): unknown {
  let schema = schemaOf(record);
  if (schema > target) {
    throw new StoreError('read-only', `This record was written by a newer version (schema ${schema}).`, 'Reload to update, or export it.');
  }
  let current = record as Record<string, unknown>;
  for (; schema < target; schema++) {
    const step = steps[schema];
    if (!step) break;
    current = { ...step(current), schema: schema + 1 };
  }
  if (schema !== target)
    throw new StoreError('damaged', 'A stored record carries no schema this version knows.', 'Export it, then delete it.');
  return current;
}

/** @throws StoreError 'damaged' where a schema refuses */
export function checked<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof v.ValiError)) throw error;
    throw new StoreError('damaged', `${what} is damaged (${issueText(error.issues)}).`, 'Export it, then delete it.', error);
  }
}

/** @throws StoreError 'read-only' or 'damaged' */
export const readHeader = (record: unknown): RunHeader =>
  checked(() => v.parse(header, migrate(record, headerMigrations, recordSchema)), 'The header of a run');

/** @throws StoreError 'read-only' or 'damaged' */
export function readEvent(record: unknown): RunEvent {
  const { event, seq } = migrate(record, eventMigrations, recordSchema) as { event?: unknown; seq?: unknown };
  return checked(() => parseRunEvent(event), `Event ${String(seq)} of a run`);
}
