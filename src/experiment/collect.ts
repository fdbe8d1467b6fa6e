// Votes become sets. Truth is asked only by the audit, which people read and nothing trains on.
import { collectSets } from '../datasets/collect';
import { unionOf } from '../datasets/union';
import { auditLabels } from '../metrics/audit';
import type { Context } from './context';
import { isShared, learntRoles } from './society';

export async function collect(context: Context, iteration: number): Promise<void> {
  const { ports, state } = context;
  const meter = context.meter(iteration, 'collect');
  meter(0, 1);
  const run = await context.debate(iteration, 'train', () => undefined);
  const { config } = state.start!;
  const apart = await collectSets(run, config.datasets, { iteration });
  const sets = isShared(config) ? [unionOf(apart, learntRoles(config))] : apart;
  await ports.keepSets(sets);
  const known = [...run.questions.values()].some(({ question }) => question.truth !== null);
  const headers = sets.map(({ header }) => header);
  await context.record({ type: 'collected', iteration, sets: headers, audit: known ? auditLabels(run, sets) : null, at: ports.now() });
  meter(1, 1);
}
