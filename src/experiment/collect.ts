// Votes become sets, kept before it is recorded that they are.
import { collectedFrom } from './collected';
import type { Context } from './context';

export async function collect(context: Context, iteration: number): Promise<void> {
  const { ports, state, signal } = context;
  const meter = context.meter(iteration, 'collect');
  meter(0, 1);
  const run = await context.debate(iteration, 'train', () => undefined);
  const { sets, audit } = await (ports.collect ?? collectedFrom)(run, state.start!.config, iteration, signal);
  await ports.keepSets(sets);
  const headers = sets.map(({ header }) => header);
  await context.record({ type: 'collected', iteration, sets: headers, audit, at: ports.now() });
  meter(1, 1);
}
