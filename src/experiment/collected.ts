// What a debate gives an iteration to learn from, and how good its labels were. Truth is asked only by the audit, which people read and
// nothing trains on.
import { collectSets } from '../datasets/collect';
import type { TrainingSet } from '../datasets/records';
import { unionOf } from '../datasets/union';
import type { RunState } from '../debate/fold';
import { auditLabels, type LabelAudit } from '../metrics/audit';
import type { LoopConfig } from './records';
import { isShared, learntRoles } from './society';

export interface Collected {
  sets: TrainingSet[];
  /** null where no right answer is known. */
  audit: LabelAudit | null;
}

/** A pure function of what was said. @throws RangeError as `collectSets` does */
export async function collectedFrom(run: RunState, config: LoopConfig, iteration: number): Promise<Collected> {
  const apart = await collectSets(run, config.datasets, { iteration });
  const sets = isShared(config) ? [unionOf(apart, learntRoles(config))] : apart;
  const known = [...run.questions.values()].some(({ question }) => question.truth !== null);
  return { sets, audit: known ? auditLabels(run, sets) : null };
}
