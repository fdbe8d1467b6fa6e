// Training sets as they are stored: headers for lists, rows apart under the hash that names them.
import type { DataRow, SetRow, TrainingSet } from '../datasets/records';
import { recordSchema } from './records';

export interface SetRecord {
  schema: typeof recordSchema;
  /** Where it belongs and what it holds: equal rows, such as none at all, may be the set of several agents. */
  id: string;
  sha256: string;
  run: string;
  /** The loop it was collected in; left out when there is none. */
  loop?: string;
  /** When it was kept, ISO 8601. */
  at: string;
  header: SetRow;
}

export interface SetRowsRecord {
  schema: typeof recordSchema;
  sha256: string;
  rows: DataRow[];
}

export const setRecord = ({ header }: TrainingSet, at: string, loop?: string): SetRecord => ({
  schema: recordSchema,
  id: [header.run, header.iteration, header.role, header.agent, header.sha256].join(' '),
  sha256: header.sha256,
  run: header.run,
  ...(loop === undefined ? {} : { loop }),
  at,
  header,
});
