// Whether a loop stood at its trainings when its page went away, and nobody had stopped it: read from its journal alone.
import { foldLoopAll } from '../../experiment/fold';
import { orderKey } from '../../experiment/ports';
import type { LoopEvent } from '../../experiment/records';
import { positionOf } from './progress';

/**
 * Keys of the orders whose jobs were being watched. Empty when the loop was paused or had stopped with a problem, which its last event says,
 * and when it was at anything else than its trainings.
 */
export function watchedOrders(events: readonly LoopEvent[]): string[] {
  const last = events.at(-1);
  if (last?.type === 'note' && last.note === 'paused') return [];
  const loop = foldLoopAll(events);
  const at = positionOf(loop);
  if (at?.stage !== 'finetune') return [];
  const jobs = [...(loop.iterations[at.iteration]?.jobs ?? [])];
  return jobs
    .filter(([, { job, ended }]) => job !== null && ended === null)
    .map(([agent, { failures }]) => orderKey(loop.start!.loop, at.iteration, agent, failures));
}
