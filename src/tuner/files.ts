// Uploaded files and results: bytes under an opaque id, and beside them what they are. The name a user gave is only ever shown.
import { hashOf } from '../models/hash';
import type { FileObject } from '../finetune/wire';
import { readJsonFile, writeJsonFile, type Bytes, type Disk, type Path } from './disk';
import { ApiError } from './errors';
import type { Idempotency } from './facts';
import { isFileId, newFileId, type Random } from './ids';
import type { Limits } from './limits';

export interface FileRecord {
  schema: 1;
  id: string;
  bytes: number;
  /** Milliseconds since 1970. */
  created: number;
  number: number;
  filename: string;
  purpose: 'fine-tune' | 'fine-tune-results';
  sha256: string;
  /** Lines that are not blank. */
  lines: number;
  /** The job a result belongs to. */
  job: string | null;
  idempotency: Idempotency | null;
}

const bytesOf = (id: string): Path => ['files', id];
const recordOf = (id: string): Path => ['files', `${id}.json`];

/** Lines with anything but blanks in them. */
function countLines(bytes: Uint8Array): number {
  let lines = 0;
  let blank = true;
  for (const byte of bytes) {
    if (byte === 0x0a) blank = true;
    else if (blank && byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
      blank = false;
      lines++;
    }
  }
  return lines;
}

export class Files {
  #records = new Map<string, FileRecord>();
  #number = 0;

  private constructor(
    private readonly disk: Disk,
    private readonly limits: Pick<Limits, 'uploads' | 'bytes'>,
    private readonly clock: () => number,
    private readonly random: Random,
  ) {}

  static async open(disk: Disk, limits: Limits, clock: () => number, random: Random): Promise<Files> {
    const files = new Files(disk, limits, clock, random);
    const names = await disk.list(['files']);
    const ids = names.filter(isFileId);
    const records = await Promise.all(ids.map(id => readJsonFile(disk, recordOf(id)) as Promise<FileRecord | null>));
    const found = records.filter(record => record !== null).sort((a, b) => a.number - b.number);
    for (const record of found) files.#records.set(record.id, record);
    files.#number = found.at(-1)?.number ?? 0;
    // Bytes whose record was not written yet, and records whose bytes are gone: halves of an addition or removal that was cut short.
    for (const id of ids) if (!files.#records.has(id)) await disk.remove(bytesOf(id));
    for (const name of names) if (name.endsWith('.json') && !names.includes(name.slice(0, -5))) await disk.remove(['files', name]);
    return files;
  }

  get(id: string): FileRecord | undefined {
    return this.#records.get(id);
  }

  all(): FileRecord[] {
    return [...this.#records.values()].sort((a, b) => a.number - b.number);
  }

  async read(id: string): Promise<Bytes | null> {
    return this.#records.has(id) ? this.disk.read(bytesOf(id)) : null;
  }

  /** @throws ApiError `storage_full` */
  async add(bytes: Uint8Array, about: Pick<FileRecord, 'filename' | 'purpose' | 'job' | 'idempotency'>): Promise<FileRecord> {
    const all = this.all();
    if (all.reduce((sum, file) => sum + file.bytes, bytes.length) > this.limits.bytes)
      throw new ApiError('storage_full', `No room for ${bytes.length} bytes: delete files or models first.`);
    if (about.purpose === 'fine-tune' && all.filter(file => file.purpose === 'fine-tune').length >= this.limits.uploads)
      throw new ApiError('storage_full', `There are ${this.limits.uploads} files already: delete some first.`);
    const [sha256, lines] = [await hashOf(bytes), about.purpose === 'fine-tune' ? countLines(bytes) : 0];
    const record: FileRecord = {
      ...{ schema: 1, id: newFileId(this.random), bytes: bytes.length, created: this.clock(), number: ++this.#number, sha256, lines },
      ...about,
    };
    await this.disk.write(bytesOf(record.id), bytes);
    await writeJsonFile(this.disk, recordOf(record.id), record);
    this.#records.set(record.id, record);
    return record;
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
    await this.disk.remove(recordOf(id));
    await this.disk.remove(bytesOf(id));
  }
}

export const fileObject = ({ id, bytes, created, filename, purpose }: FileRecord): FileObject => ({
  ...{ id, object: 'file', bytes, created_at: Math.floor(created / 1000), filename, purpose, status: 'processed' },
});
