// A zip of training rows as this page writes it: every agent's file is found, unpacked up to a ceiling, and read like a file of its own.
import { unzipSync } from 'fflate';
import { rowsPath, type RowsPath } from '../../datasets/formats/archive';
import { readFile, type ReadFile } from '../../datasets/formats/formats';
import { longestFile } from '../../datasets/formats/lines';

export interface ArchivePart extends RowsPath {
  read: Omit<ReadFile, 'format'>;
  format: string | null;
}

/** Agents of a large society, twice over. */
const mostParts = 200;

/** @throws Error in words when it is damaged, unpacks to too much, or holds no rows */
export function readArchive(bytes: Uint8Array, mostBytes: number = longestFile): ArchivePart[] {
  let total = 0;
  let parts = 0;
  const refused = { reason: '' };
  const stop = (reason: string): never => {
    refused.reason = reason;
    throw new Error(reason);
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      // Asked before anything is unpacked; a file never unpacks to more than the size it names.
      filter({ name, originalSize, size }) {
        if (!rowsPath(name)) return false;
        total += Math.max(originalSize, size);
        if (total > mostBytes) stop(`It unpacks to more than ${Math.floor(mostBytes / (1 << 20))} MB.`);
        if (++parts > mostParts) stop(`It holds rows of more than ${mostParts} agents.`);
        return true;
      },
    });
  } catch (error) {
    throw new Error(refused.reason || 'It is no archive, or a part of it is missing.', { cause: error });
  }
  const found = Object.entries(files).map(([path, data]): ArchivePart => {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    } catch (error) {
      throw new Error(`${path} is no text.`, { cause: error });
    }
    const { format, ...read } = readFile(text);
    return { ...rowsPath(path)!, read, format: format?.title ?? null };
  });
  if (!found.length)
    throw new Error('It holds no rows of agents, such as generator_1.jsonl. Weights are imported where their loop is shown.');
  return found.sort((x, y) => x.agent - y.agent || (x.role === y.role ? 0 : x.role === 'generator' ? -1 : 1));
}
