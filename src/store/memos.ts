// What must outlive a reload to find a finetuning job again.
import type { JobMemo, MemoStore } from '../finetune/memo';
import type { Documents } from './documents';
import { memoMigrations, type MemoRecord } from './memo-records';
import { migrate } from './migrate';
import { recordSchema } from './records';

/** The finetune room's store of memos over the record. */
export class Memos implements MemoStore {
  constructor(private readonly documents: Documents) {}

  async read(key: string): Promise<JobMemo | null> {
    const record = await this.documents.get('memos', key);
    return record === undefined ? null : (migrate(record, memoMigrations, recordSchema) as unknown as MemoRecord).memo;
  }

  async write(memo: JobMemo): Promise<void> {
    const record: MemoRecord = { schema: recordSchema, key: memo.key, memo };
    await this.documents.put([{ store: 'memos', key: memo.key, value: record }]);
  }

  /** Forgets the jobs of a loop. */
  async removeOf(loop: string): Promise<void> {
    const records = (await this.documents.all('memos', null)) as MemoRecord[];
    const own = records.map(({ key }) => key).filter(key => key.startsWith(`${loop}/`));
    await this.documents.remove(own.map(key => ({ store: 'memos', key })));
  }
}
