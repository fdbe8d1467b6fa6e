// What lies behind a point of a loss curve: the rows that its updates saw, or those that were held out of all of them.
import type { AgentName, DataRow, TrainingSet } from '../../../datasets/records';
import type { RunState } from '../../../debate/fold';
import { settingsOf, trainingSeed } from '../../../experiment/training-plan';
import type { LoopConfig } from '../../../experiment/records';
import { splitSet } from '../../../experiment/split';
import { seedOnWire } from '../../../finetune/job-body';
import { batchOrder } from '../../../tuner/row-order';
import { setRowsOf, type SetRowView } from './set-rows';

/** Updates of a training, first and last of them; null = the rows held out. */
export type Updates = { from: number; to: number } | null;

export interface UpdateRow extends SetRowView {
  /** Of the update that saw it; null = held out, or nobody but the trainer knows. */
  step: number | null;
}

interface Training {
  config: LoopConfig;
  iteration: number;
  name: AgentName;
  set: TrainingSet;
}

/** [updates][rows of each] as our trainer drew them. */
function seen({ config, iteration, name, set }: Training, training: readonly DataRow[], { from, to }: { from: number; to: number }) {
  const { batchSize, epochs, steps } = settingsOf(config, set.header);
  const passes = { batch_size: batchSize, n_epochs: epochs ?? 1, max_steps: steps };
  const order = batchOrder(training.length, passes, seedOnWire(trainingSeed(config, iteration, name)));
  return Array.from({ length: to - from + 1 }, (_, i) => ({ step: from + i, rows: order(from + i).map(at => training[at]!) }));
}

/**
 * In the order in which they were trained on; where only the trainer knows it, every row it was given.
 * @param seeded the order is that of our trainer (`JobEnded.rows`)
 * @param run the debate that the set was made of
 */
export function updateRows(training: Training, updates: Updates, seeded: boolean, run: RunState): UpdateRow[] {
  const { config, set } = training;
  const split = splitSet(set, config.validationRows);
  const view = (rows: readonly DataRow[], step: number | null): UpdateRow[] =>
    setRowsOf({ ...set, rows: [...rows] }, run).map(row => ({ ...row, id: `${step} ${row.id}`, step }));
  if (updates === null) return view(split.validation, null);
  if (!seeded) return view(split.training, null);
  return seen(training, split.training, updates).flatMap(({ step, rows }) => view(rows, step));
}
