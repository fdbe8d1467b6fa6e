// A file of rows becomes a training set: named and hashed like any other, without a debate behind it.
import type { SetRole, TrainMessage, TrainingSet } from './records';
import { rowHash, seal } from './seal';

/** @param name of the file, shown as where the rows come from */
export function importedSet(name: string, role: SetRole, agent: number, conversations: readonly TrainMessage[][]): TrainingSet {
  const run = `file ${name.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 150)}`;
  const seen = new Set<string>();
  const rows = conversations.flatMap((messages, i) => {
    const hash = rowHash(messages);
    // The same row twice would be trained twice, which nobody can see in a file.
    if (seen.has(hash)) return [];
    seen.add(hash);
    return [{ hash, kind: 'imported' as const, qid: `row ${i + 1}`, speaker: agent, run, from: [], messages: [...messages] }];
  });
  const twice = conversations.length - rows.length;
  return seal(
    {
      schema: 1,
      run,
      iteration: 0,
      agent,
      role,
      selection: { by: 'consensus' },
      size: rows.length,
      minus: 0,
      plus: 0,
      wRealised: null,
      unused: 0,
      discarded: twice ? { twice } : {},
      skipped: rows.length ? null : 'the file has no rows',
      seed: 0,
    },
    rows,
  );
}
