// Every agent of an iteration in one row: its set, its training, its weights, from facts and from what goes on now.
import { agentName, type AgentName, type SetRow } from '../../datasets/records';
import { fewUpdates } from '../../datasets/updates';
import { scarceUpdates } from '../../experiment/training-plan';
import type { Adopted, JobEnded, LoopState, TrainingProgress } from '../../experiment/fold';
import type { Share } from '../../metrics/interval';
import { modelsOf } from '../../experiment/society';
import { agentWords } from './words';

export interface AgentRow {
  name: AgentName;
  set: SetRow | null;
  /** Going on now. */
  training: TrainingProgress | null;
  /** Losses seen so far of a training that goes on; of one that ended, all. */
  losses: readonly number[];
  ended: JobEnded | null;
  adopted: Adopted | null;
  /** Rows whose label is wrong, where the right answers are known. */
  wrong: Share | null;
}

/** @param watched losses of trainings under way, by agent */
export function agentRows(state: LoopState, iteration: number, watched: ReadonlyMap<AgentName, readonly number[]>): AgentRow[] {
  const it = state.iterations[iteration];
  if (!state.start || !it || iteration === 0) return [];
  const live = state.live.stage?.iteration === iteration;
  return modelsOf(state.start.config).map(name => {
    const ended = it.jobs.get(name)?.ended ?? null;
    return {
      name,
      set: it.collected?.sets.find(({ role, agent }) => agentName(role, agent) === name) ?? null,
      training: live && !ended ? (state.live.training.get(name) ?? null) : null,
      losses: ended ? ended.losses : live ? (watched.get(name) ?? []) : [],
      ended,
      adopted: it.adopted.get(name) ?? null,
      wrong: it.collected?.audit?.wrongRows[name] ?? null,
    };
  });
}

/** Whose training, not over yet, will hardly change anything; its end says so itself. Null where nobody's. */
export function scarceWords(state: LoopState, iteration: number): string | null {
  const it = state.iterations[iteration];
  if (!state.start || !it?.collected) return null;
  const scarce = scarceUpdates(state.start.config, it.collected.sets).filter(({ name }) => !it.jobs.get(name)?.ended);
  if (!scarce.length) return null;
  const each = scarce.map(({ name, updates }) => `${agentWords(name, state.start!.config)} ${updates}`).join(', ');
  return `Fewer than ${fewUpdates} updates, hardly enough to change an agent: ${each}. More questions or more passes give more.`;
}

/** Steps shown of a finished training: mean of the first and of the last few, since single batches jump. */
export function lossEnds(losses: readonly number[]): { from: number; to: number } | null {
  if (losses.length === 0) return null;
  const some = Math.max(1, Math.min(5, Math.floor(losses.length / 4)));
  const mean = (part: readonly number[]): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  return { from: mean(losses.slice(0, some)), to: mean(losses.slice(-some)) };
}
