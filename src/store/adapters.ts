// Agents' weights in the record: what a finetuning job gave, byte for byte, with what it was trained from and on.
import type { TunedFiles } from '../datasets/order';
import { weightsFile, type AdapterFacts, type AdapterFilesRecord, type AdapterRecord } from './adapter-records';
import type { Documents } from './documents';
import { StoreError } from './errors';
import { hashBytes } from './hash';
import { migrate, type Migrations } from './migrate';
import { recordSchema } from './records';

export const adapterMigrations: Migrations = {};

const upToDate = (record: unknown): AdapterRecord => migrate(record, adapterMigrations, recordSchema) as unknown as AdapterRecord;

export class Adapters {
  constructor(private readonly documents: Documents) {}

  /**
   * Kept again under the same id, the later ones stand: a training that was cut short before its end was recorded is repeated.
   * @returns the record, with the hash of each file
   * @throws StoreError 'damaged' when there are no weights among the files
   */
  async save(facts: AdapterFacts, files: TunedFiles): Promise<AdapterRecord> {
    const kind = 'adapter_model.safetensors' in files ? 'lora' : 'full';
    const listed = await Promise.all(
      Object.entries(files).map(async ([name, data]) => ({ name, bytes: data.length, sha256: await hashBytes(data) })),
    );
    const sha256 = listed.find(({ name }) => name === weightsFile(kind))?.sha256;
    if (sha256 === undefined)
      throw new StoreError('damaged', 'The result of the job holds no weights.', 'Look at the job at its endpoint.');
    const bytes = listed.reduce((sum, file) => sum + file.bytes, 0);
    const record: AdapterRecord = { schema: recordSchema, ...facts, kind, bytes, sha256, files: listed };
    const stored: AdapterFilesRecord = { schema: recordSchema, id: facts.id, files };
    await this.documents.put([
      { store: 'adapters', key: facts.id, value: record },
      { store: 'adapterFiles', key: facts.id, value: stored },
    ]);
    return record;
  }

  /** @throws StoreError 'missing', 'damaged' when a file is not what was kept, 'read-only' */
  async read(id: string): Promise<{ record: AdapterRecord; files: TunedFiles }> {
    const [facts, stored] = await Promise.all([this.documents.get('adapters', id), this.documents.get('adapterFiles', id)]);
    if (facts === undefined || stored === undefined) throw new StoreError('missing', 'There are no such weights.', 'Train them again.');
    const record = upToDate(facts);
    const { files } = migrate(stored, adapterMigrations, recordSchema) as unknown as AdapterFilesRecord;
    for (const { name, sha256 } of record.files) {
      const data = files[name];
      if (!data || (await hashBytes(data)) !== sha256)
        throw new StoreError('damaged', `${name} of ${id} is not what was kept.`, 'Train it again.');
    }
    return { record, files };
  }

  /** Facts, apart from files, in the order of iteration and name. */
  async list(filter: { loop?: string } = {}): Promise<AdapterRecord[]> {
    const where = filter.loop === undefined ? null : { field: 'loop', is: filter.loop };
    const records = (await this.documents.all('adapters', where)).map(upToDate);
    return records.sort((a, b) => a.iteration - b.iteration || (a.agent < b.agent ? 1 : a.agent > b.agent ? -1 : 0));
  }

  /** The reader's word that these are of the base they speak with, whatever they name. @throws StoreError 'missing' */
  async useAnyway(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const facts = await this.documents.get('adapters', id);
      if (facts === undefined) throw new StoreError('missing', 'There are no such weights.', 'Train them again.');
      const value: AdapterRecord = { ...upToDate(facts), anyway: true };
      await this.documents.put([{ store: 'adapters', key: id, value }]);
    }
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.documents.remove(ids.flatMap(key => (['adapters', 'adapterFiles'] as const).map(store => ({ store, key }))));
  }
}
