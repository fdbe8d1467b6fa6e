// Loops that are offered ready-made, each with what it shows and what it costs. Whatever is changed in one makes it `custom`.
import { datasetDefaults } from '../datasets/records';
import { defaultConfig } from '../debate/defaults';
import type { LoopConfig, TrainSettings } from './records';

export interface Preset {
  id: 'gentle' | 'collapse' | 'lecture';
  title: string;
  /** What it does and what it is for, in two or three sentences. */
  about: string;
  /** What an iteration takes, in words. */
  cost: string;
  config: LoopConfig;
}

const lora: TrainSettings = {
  method: 'lora',
  rank: 8,
  alpha: 16,
  learningRate: 2e-3,
  schedule: 'linear',
  warmupSteps: 5,
  batchSize: 20,
  epochs: null,
  // Five to eight passes over what an agent has to learn from; validation loss rises after that.
  steps: 40,
  weightDecay: 0.01,
  maxGradNorm: 1,
};

const full: TrainSettings = { ...lora, method: 'full', rank: 0, alpha: 0, learningRate: 1e-3, warmupSteps: 10, steps: 100 };

const society: LoopConfig = {
  schema: 1,
  preset: 'gentle',
  // At operands 1 to 9 the base society is right 97 times in 100 when it debates: nothing would be left to gain.
  debate: { ...defaultConfig(), difficulty: 'larger' },
  iterations: 3,
  trainQuestions: 200,
  evalQuestions: 200,
  // Labels of questions that were trained on before would only repeat what was learnt.
  questions: 'resample',
  startFrom: 'previous',
  datasets: datasetDefaults,
  training: { generator: lora, critic: { ...lora, batchSize: 8, steps: 30 } },
  nllQuestions: 60,
  validationRows: 8,
  seed: 1,
};

export const presets: readonly Preset[] = [
  {
    id: 'gentle',
    title: 'Gentle',
    about:
      'Small adapters (LoRA) and a few passes over what the society agreed on. Agents learn from the votes and stay close to where they started. ' +
      'Problems have operands up to 12, where the base society has room to improve.',
    cost: '200 training and 200 held-out questions, six trainings per iteration',
    config: society,
  },
  {
    id: 'collapse',
    title: 'Collapse',
    about:
      'All weights, a high rate, many passes over few texts: each agent learns its own answers by heart. ' +
      'Meant to show how agents narrow and what that does to voting; not a way to a better society.',
    cost: '200 training and 200 held-out questions, six full trainings per iteration',
    config: { ...society, preset: 'collapse', training: { generator: full, critic: { ...full, batchSize: 8, steps: 60 } } },
  },
  {
    id: 'lecture',
    title: 'Lecture',
    about:
      'One gentle iteration while people watch: 60 training questions, at most three passes over what they give. Too few questions to prove anything.',
    cost: '60 training and 40 held-out questions, six short trainings',
    config: {
      ...society,
      preset: 'lecture',
      iterations: 1,
      trainQuestions: 60,
      evalQuestions: 40,
      nllQuestions: 20,
      training: {
        generator: { ...lora, batchSize: 8, steps: null, epochs: 3, warmupSteps: 2 },
        critic: { ...lora, batchSize: 4, steps: null, epochs: 3, warmupSteps: 2 },
      },
    },
  },
];

/** @throws RangeError for a preset that this version does not have */
export function presetById(id: string): Preset {
  const preset = presets.find(candidate => candidate.id === id);
  if (!preset) throw new RangeError(`no preset "${id}": there is ${presets.map(one => one.id).join(', ')}`);
  return preset;
}
