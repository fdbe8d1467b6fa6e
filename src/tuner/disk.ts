// Where the endpoint keeps its state: whole files and logs, by path, on a real disk or in the browser's database.

/** Folder names and last the file's: our own words and ids, never a user's text. */
export type Path = readonly string[];
export type Bytes = Uint8Array<ArrayBuffer>;

/** Every promise resolves once what it says is durable. */
export interface Disk {
  /** Null = there is no such file. */
  read(path: Path): Promise<Bytes | null>;
  /** All or nothing: a reader after a crash finds the old bytes or the new ones. */
  write(path: Path, bytes: Uint8Array): Promise<void>;
  /** A crash may leave the last append in part, never an earlier one. */
  append(path: Path, bytes: Uint8Array): Promise<void>;
  /** Names directly under a folder, files and folders; none when it is not there. */
  list(path: Path): Promise<string[]>;
  /** A file, or a folder with everything in it; neither being there is fine. */
  remove(path: Path): Promise<void>;
  close(): Promise<void>;
}

export class DiskError extends Error {
  override readonly name = 'DiskError';
  constructor(
    /** `busy`: another instance holds this state. `full`: no room. */
    readonly code: 'busy' | 'full' | 'closed' | 'broken',
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

const part = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** The last gate before a path reaches a disk, whatever let it come so far. @throws DiskError `broken` */
export function checkPath(path: Path): Path {
  if (path.length && path.every(name => part.test(name))) return path;
  throw new DiskError('broken', `not a path of this program: ${JSON.stringify(path)}`);
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export const readJsonFile = async (disk: Disk, path: Path): Promise<unknown> => {
  const bytes = await disk.read(path);
  return bytes === null ? null : JSON.parse(text.decode(bytes));
};

export const writeJsonFile = (disk: Disk, path: Path, value: unknown): Promise<void> =>
  disk.write(path, utf8.encode(`${JSON.stringify(value)}\n`));

export const appendLine = (disk: Disk, path: Path, value: unknown): Promise<void> =>
  disk.append(path, utf8.encode(`${JSON.stringify(value)}\n`));

/** Whole lines of a log; what follows the last newline was torn off by a crash and never counted. */
export async function readLines(disk: Disk, path: Path): Promise<{ lines: string[]; torn: boolean }> {
  const bytes = (await disk.read(path)) ?? new Uint8Array();
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = text.decode(bytes.subarray(0, end)).split('\n');
  return { lines: lines.slice(0, -1), torn: end < bytes.length };
}
