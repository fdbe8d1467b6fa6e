// How memos of finetuning jobs lie in the record.
import type { JobMemo } from '../finetune/memo';
import type { Migrations } from './migrate';
import type { recordSchema } from './records';

export interface MemoRecord {
  schema: typeof recordSchema;
  /** `TuneOrder.key`. */
  key: string;
  memo: JobMemo;
}

export const memoMigrations: Migrations = {};
