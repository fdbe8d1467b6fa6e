// What a file format of training rows can do.
import type { AgentName, DataRow, TrainMessage } from '../records';
import type { Problem } from './problems';

export type FormatId = 'chat' | 'prompt-completion' | 'preference' | 'sharegpt';

export interface Format {
  id: FormatId;
  title: string;
  about: string;
  /** Path of an agent's rows within an export. */
  file(agent: AgentName): string;
  /** Null where rows alone do not suffice: preference pairs need the run. */
  write: ((rows: readonly DataRow[]) => string) | null;
  recognises(value: Record<string, unknown>): boolean;
  /** Conversations of one line; what is wrong with them is added to the problems. */
  read(value: Record<string, unknown>, line: number, problems: Problem[]): TrainMessage[][];
  /** What reading loses. */
  note?: string;
}
