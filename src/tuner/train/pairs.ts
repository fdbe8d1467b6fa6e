// Preference pairs as the model reads them: two answers to one prompt, masked as answers of a chat are.
import { isRecord, maskTurns, readLines, RowError, turnsIn, type MaskedRow, type RowRules } from './rows';

export interface MaskedPair {
  chosen: MaskedRow;
  rejected: MaskedRow;
}

function answerIn(output: unknown, name: string): string {
  const turns = turnsIn(output, name);
  if (turns.length !== 1 || turns[0]!.role !== 'assistant') throw new RowError(`${name} is not one assistant message`);
  return turns[0]!.content;
}

/** DPO rows of endpoint.md §2.5. @throws TrainError as `readLines` */
export const readPairs = (jsonl: Uint8Array, rules: RowRules, file: 'training_file' | 'validation_file'): MaskedPair[] =>
  readLines(jsonl, file, row => {
    const { input, preferred_output, non_preferred_output } = isRecord(row) ? row : {};
    const prompt = turnsIn(isRecord(input) ? input.messages : undefined, 'input.messages').map(turn => ({ ...turn, weight: 0 }));
    const masked = (output: unknown, name: string): MaskedRow =>
      maskTurns([...prompt, { role: 'assistant', content: answerIn(output, name) }], rules);
    return { chosen: masked(preferred_output, 'preferred_output'), rejected: masked(non_preferred_output, 'non_preferred_output') };
  });
