// One training set as an order of its own, outside any loop, from the base.
import { chatJsonl } from '../../datasets/formats/chat';
import { agentName, type SetRow, type TrainingSet } from '../../datasets/records';
import type { ModelRef } from '../../debate/config';
import { presetById } from '../../experiment/presets';
import { splitSet } from '../../experiment/split';
import type { TrainSettings, TuneOrder } from '../../datasets/order';
import { hash128 } from '../../tasks/hash';

/** As names of adapters and keys of orders may be spelt. */
const slug = (text: string): string => text.replace(/[^\w-]+/g, '-').slice(-60);

/** What stands in the place of a loop: the same set on the same base, trained alike, is the same training and finds the job that is there. */
export const setTrainingId = (sha256: string, base: ModelRef): string => `set-${sha256.slice(0, 16)}-${slug(base.id)}`;

export const isSetTraining = (loop: string): boolean => loop.startsWith('set-');

/** Other settings make another training. Those of the gentle preset have no name: they were all there was once. */
const nameOf = (settings: TrainSettings, gentle: TrainSettings): string => {
  const text = (of: TrainSettings): string => JSON.stringify(Object.entries(of).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(settings) === text(gentle) ? '' : `-${hash128(text(settings)).slice(0, 8)}`;
};

/** What of a set is learnt, and what is held out to judge it by. */
export function rowsOfSet(set: TrainingSet): Pick<TuneOrder, 'training' | 'validation'> {
  const { training, validation } = splitSet(set, presetById('gentle').config.validationRows);
  return { training: chatJsonl(training), validation: validation.length ? chatJsonl(validation) : null };
}

export function orderOfSet(
  { role, agent: index, sha256 }: SetRow,
  rows: Pick<TuneOrder, 'training' | 'validation'>,
  base: ModelRef,
  settings: TrainSettings,
): TuneOrder {
  const { config } = presetById('gentle');
  const loop = setTrainingId(sha256, base) + nameOf(settings, config.training[role]);
  const agent = agentName(role, index);
  return {
    ...{ key: `${loop}/1/${agent}`, loop, iteration: 1, agent, role, base: base.id, from: null },
    ...rows,
    ...{ datasetHash: sha256, settings, seed: config.seed },
  };
}
