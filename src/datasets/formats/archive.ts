// Which files of an archive hold whose rows: the way back from `bundle`.
import type { SetRole } from '../records';

export interface RowsPath {
  path: string;
  role: SetRole;
  /** 0-based. */
  agent: number;
}

/** @returns null for everything that stands beside the rows: settings, commands, the same pairs in other field names */
export function rowsPath(path: string): RowsPath | null {
  const [, role, number] = /^(generator|critic)_([1-9]\d{0,2})(?:\.jsonl|\/train\.jsonl)$/.exec(path) ?? [];
  return role === undefined ? null : { path, role: role as SetRole, agent: Number(number) - 1 };
}

/** Whether a file is a zip, by its first four bytes. */
export const isArchive = (head: Uint8Array): boolean => [0x50, 0x4b, 3, 4].every((byte, i) => head[i] === byte);
