// How anything is written while the medium may fail.
import type { Database } from './database';

/**
 * Writes through `write`; false = the medium failed and what was to be written stays in memory.
 * @param size records to be written; `waiting` of them are counted as unsaved already
 */
export type SaveThrough = (write: (database: Database) => Promise<unknown>, size: number, waiting: number) => Promise<boolean>;
