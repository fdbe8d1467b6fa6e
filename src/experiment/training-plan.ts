// What the training of a set will be, known before it starts: its settings, its seed, how many updates it makes.
import { agentName, type AgentName, type SetRole, type SetRow } from '../datasets/records';
import { fewUpdates, updatesOf } from '../datasets/updates';
import type { TrainSettings } from '../datasets/order';
import type { LoopConfig } from './records';
import { derivedSeed } from './seeds';
import { isShared } from './society';
import { heldOut } from './split';

/**
 * How a set is trained on. The one model of a control sees as many rows as all agents would in their own trainings (rows times passes), so
 * that it differs from them in nothing but being one; the rate and the rows per update are a generator's.
 */
export function settingsOf(config: LoopConfig, { role, size, minus, plus }: SetRow): TrainSettings {
  const own = config.training[role];
  if (!isShared(config)) return own;
  const seen = (of: SetRole, rows: number): number => {
    const { steps, epochs, batchSize } = config.training[of];
    return rows === 0 ? 0 : steps === null ? rows * epochs! : config.debate.seats.length * steps * batchSize;
  };
  const rows = seen('generator', size - minus - plus) + seen('critic', minus + plus);
  return { ...own, epochs: null, steps: Math.max(1, Math.round(rows / own.batchSize)) };
}

/** Of one training: fixes which rows each update sees, and how new adapters begin. */
export const trainingSeed = ({ seed }: LoopConfig, iteration: number, name: AgentName): number =>
  derivedSeed(seed, 'finetune', iteration, name);

/** Updates the training of a set will make; 0 for one that is not trained on. */
export const plannedUpdates = (config: LoopConfig, set: SetRow): number =>
  set.skipped === null ? updatesOf(set.size - heldOut(set.size, config.validationRows), settingsOf(config, set)) : 0;

/** Agents whose training will hardly change them, for the moment before it starts. */
export const scarceUpdates = (config: LoopConfig, sets: readonly SetRow[]): { name: AgentName; updates: number }[] =>
  sets
    .map(set => ({ name: agentName(set.role, set.agent), updates: plannedUpdates(config, set), trained: set.skipped === null }))
    .filter(({ updates, trained }) => trained && updates < fewUpdates);
