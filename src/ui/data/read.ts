// A file of rows or of sets, whatever it turns out to be.
import { readFile, type ReadFile } from '../../datasets/formats/formats';
import type { TrainingSet } from '../../datasets/records';
import type { ArchivePart } from './archive';
import { decodeSets } from '../../datasets/sets-file';

export type Found =
  | { kind: 'rows'; read: Omit<ReadFile, 'format'>; format: string | null }
  | { kind: 'sets'; sets: TrainingSet[] }
  | { kind: 'archive'; parts: ArchivePart[] };

/** @throws Error when it is a file of sets that cannot be read; rows that cannot be read are told as problems */
export function readText(text: string): Found {
  const sets = decodeSets(text);
  if (sets) return { kind: 'sets', sets };
  const { format, ...read } = readFile(text);
  return { kind: 'rows', read, format: format?.title ?? null };
}
