// Sets as a file of our own: nothing is lost, and what was changed on the way is noticed.
import type { TrainingSet } from './records';
import { parseTrainingSet } from './schema';

export const encodeSets = (sets: readonly TrainingSet[]): string => JSON.stringify({ polylogue: 'sets', schema: 1, sets });

/** @returns null when the text is something else @throws Error when it is a file of sets that cannot be read */
export function decodeSets(text: string): TrainingSet[] | null {
  if (!/^\s*\{\s*"polylogue"\s*:\s*"sets"/.test(text)) return null;
  const { schema, sets } = JSON.parse(text) as { schema?: unknown; sets?: unknown };
  if (schema !== 1) throw new Error('this file of sets was made by a newer version');
  if (!Array.isArray(sets)) throw new Error('this file of sets holds none');
  return sets.map((set, i) => {
    try {
      return parseTrainingSet(set);
    } catch (error) {
      throw new Error(`set ${i + 1}: ${(error as Error).message.slice(0, 200)}`, { cause: error });
    }
  });
}
