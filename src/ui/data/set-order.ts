// One training set as an order of its own, outside any loop: the settings of the gentle preset, from the base.
import { chatJsonl } from '../../datasets/formats/chat';
import { agentName, type TrainingSet } from '../../datasets/records';
import type { ModelRef } from '../../debate/config';
import { presetById } from '../../experiment/presets';
import { splitSet } from '../../experiment/split';
import type { TuneOrder } from '../../finetune/order';

/** As names of adapters and keys of orders may be spelt. */
const slug = (text: string): string => text.replace(/[^\w-]+/g, '-').slice(-60);

/** What stands in the place of a loop: the same set on the same base is the same training, and finds the job that is there. */
export const setTrainingId = (sha256: string, base: ModelRef): string => `set-${sha256.slice(0, 16)}-${slug(base.id)}`;

export const isSetTraining = (loop: string): boolean => loop.startsWith('set-');

export function orderOfSet(set: TrainingSet, base: ModelRef): TuneOrder {
  const { role, agent: index, sha256 } = set.header;
  const { config } = presetById('gentle');
  const loop = setTrainingId(sha256, base);
  const agent = agentName(role, index);
  const { training, validation } = splitSet(set, config.validationRows);
  return {
    ...{ key: `${loop}/1/${agent}`, loop, iteration: 1, agent, role, base: base.id, from: null },
    training: chatJsonl(training),
    validation: validation.length ? chatJsonl(validation) : null,
    ...{ datasetHash: sha256, settings: config.training[role], seed: config.seed },
  };
}
