// What can be changed about a loop before it starts: one list, from which the form is drawn and read.
import { baseSeats, defaultConfig } from '../../debate/defaults';
import type { DatasetConfig, Selection } from '../../datasets/records';
import type { ModelRef } from '../../debate/config';
import { presets } from '../../experiment/presets';
import type { LoopConfig, TrainSettings } from '../../experiment/records';
import { taskById } from '../../tasks/tasks';

interface Base {
  key: string;
  label: string;
  about: string;
  group: 'size' | 'debate' | 'sets' | 'training';
}
export interface NumberField extends Base {
  kind: 'number';
  min: number;
  max: number;
  whole: boolean;
  read: (config: LoopConfig) => number;
  write: (config: LoopConfig, value: number) => LoopConfig;
}
export interface ChoiceField extends Base {
  kind: 'choice';
  options: readonly { value: string; label: string; about: string }[];
  read: (config: LoopConfig) => string;
  write: (config: LoopConfig, value: string) => LoopConfig;
}
export type Field = NumberField | ChoiceField;

const trained = (config: LoopConfig, role: 'generator' | 'critic', change: Partial<TrainSettings>): LoopConfig => ({
  ...config,
  training: { ...config.training, [role]: { ...config.training[role], ...change } },
});

/** Updates or passes: whichever of the two the settings use. */
const lengthOf = ({ steps, epochs }: TrainSettings): number => steps ?? epochs ?? 1;
const withLength = (settings: TrainSettings, value: number): Partial<TrainSettings> =>
  settings.steps === null ? { epochs: value } : { steps: value };

const selectionOf = (by: Selection['by']): Selection => (by === 'cross-agent' ? { by, ownShare: 0.5 } : { by });

const lengthField = (role: 'generator' | 'critic'): NumberField => ({
  kind: 'number',
  key: `${role}-length`,
  label: role === 'generator' ? 'Generators: updates' : 'Critics: updates',
  about: 'Or passes over the rows, where the preset counts those.',
  group: 'training',
  min: 1,
  max: 5000,
  whole: true,
  read: config => lengthOf(config.training[role]),
  write: (config, value) => trained(config, role, withLength(config.training[role], value)),
});

const size = (
  key: 'iterations' | 'trainQuestions' | 'evalQuestions' | 'nllQuestions',
  label: string,
  about: string,
  min: number,
  max: number,
): NumberField => ({
  kind: 'number',
  key,
  label,
  about,
  group: 'size',
  min,
  max,
  whole: true,
  read: config => config[key],
  write: (config, value) => ({ ...config, [key]: value }),
});

export const fields: readonly Field[] = [
  size('iterations', 'Iterations', 'Each trains every agent once.', 1, 100),
  size('trainQuestions', 'Training questions', 'Debated for labels; their right answers are never used.', 2, 1000),
  size('evalQuestions', 'Held-out questions', 'The same ones after every iteration.', 2, 1000),
  {
    kind: 'number',
    key: 'seed',
    label: 'Seed',
    about: 'Questions, draws, sets and training all follow from it.',
    group: 'size',
    min: 0,
    max: 2 ** 32 - 1,
    whole: true,
    read: config => config.seed,
    write: (config, seed) => ({ ...config, seed, debate: { ...config.debate, seed }, datasets: { ...config.datasets, seed } }),
  },
  {
    kind: 'number',
    key: 'agents',
    label: 'Agents',
    about: 'N generators and N critics are trained.',
    group: 'debate',
    min: 1,
    max: 8,
    whole: true,
    read: config => config.debate.seats.length,
    write: (config, count) => ({ ...config, debate: { ...config.debate, seats: baseSeats(count) } }),
  },
  {
    kind: 'number',
    key: 'rounds',
    label: 'Rounds',
    about: 'Critics speak from round 2 on; with one round there are none.',
    group: 'debate',
    min: 1,
    max: 6,
    whole: true,
    read: config => config.debate.rounds,
    write: (config, rounds) => ({ ...config, debate: { ...config.debate, rounds } }),
  },
  {
    kind: 'choice',
    key: 'difficulty',
    label: 'Problems',
    about: '',
    group: 'debate',
    options: taskById('arithmetic').difficulties.map(({ id, label }) => ({
      value: id,
      label,
      about: 'Where the base is nearly always right, nothing is left to learn.',
    })),
    read: config => config.debate.difficulty,
    write: (config, difficulty) => ({ ...config, debate: { ...config.debate, difficulty } }),
  },
  {
    kind: 'choice',
    key: 'questions',
    label: 'Questions per iteration',
    about: '',
    group: 'debate',
    options: [
      { value: 'fixed', label: 'the same', about: 'As published: one list of training questions.' },
      { value: 'resample', label: 'new ones', about: 'Each iteration debates questions that no other has seen.' },
    ],
    read: config => config.questions,
    write: (config, questions) => ({ ...config, questions: questions as LoopConfig['questions'] }),
  },
  {
    kind: 'number',
    key: 'w',
    label: 'Share of corrected rows (w)',
    about: 'In a critic’s set: wrong first and right at last, against right throughout.',
    group: 'sets',
    min: 0,
    max: 1,
    whole: false,
    read: config => config.datasets.w,
    write: (config, w) => ({ ...config, datasets: { ...config.datasets, w } }),
  },
  {
    kind: 'choice',
    key: 'criticOnEmpty',
    label: 'A critic without corrected rows',
    about: '',
    group: 'sets',
    options: [
      { value: 'skip', label: 'keeps its weights', about: 'It is not trained, and that is said.' },
      { value: 'other', label: 'learns from the other kind', about: 'Trained on whichever kind of rows there is.' },
    ],
    read: config => config.datasets.criticOnEmpty,
    write: (config, value) => ({
      ...config,
      datasets: { ...config.datasets, criticOnEmpty: value as DatasetConfig['criticOnEmpty'] },
    }),
  },
  {
    kind: 'choice',
    key: 'criticSize',
    label: 'Size of a critic’s set',
    about: '',
    group: 'sets',
    options: [
      { value: 'exact', label: 'the largest of share w', about: 'Rows beyond the share are left out.' },
      { value: 'all', label: 'all rows', about: 'Nothing is left out; w is what comes of it.' },
    ],
    read: config => config.datasets.criticSize,
    write: (config, value) => ({ ...config, datasets: { ...config.datasets, criticSize: value as DatasetConfig['criticSize'] } }),
  },
  {
    kind: 'choice',
    key: 'lossOn',
    label: 'A critic is trained on',
    about: '',
    group: 'sets',
    options: [
      { value: 'last', label: 'its last answer', about: 'A wrong first answer is read, never learnt.' },
      { value: 'all', label: 'every answer shown', about: 'As published: a wrong first answer is learnt too.' },
    ],
    read: config => config.datasets.lossOn,
    write: (config, value) => ({ ...config, datasets: { ...config.datasets, lossOn: value as DatasetConfig['lossOn'] } }),
  },
  {
    kind: 'choice',
    key: 'selection',
    label: 'Rows are chosen by',
    about: '',
    group: 'sets',
    options: [
      { value: 'consensus', label: 'the vote', about: 'What matches the vote, and the agent’s own only. As published.' },
      { value: 'cross-agent', label: 'the vote, half of it others’', about: 'Half of the rows come from other agents. Not the paper’s.' },
      { value: 'verifier', label: 'a check of their steps', about: 'Every written step is right, whatever was voted. Not the paper’s.' },
      { value: 'truth', label: 'the right answer', about: 'Uses the right answers. Not the paper’s.' },
    ],
    read: config => config.datasets.selection.by,
    write: (config, by) => ({ ...config, datasets: { ...config.datasets, selection: selectionOf(by as Selection['by']) } }),
  },
  {
    kind: 'choice',
    key: 'startFrom',
    label: 'Training goes on from',
    about: '',
    group: 'training',
    options: [
      { value: 'previous', label: 'the last iteration', about: 'As published in the code: each agent goes on with its own weights.' },
      { value: 'base', label: 'the base', about: 'Every iteration trains the untouched base anew.' },
    ],
    read: config => config.startFrom,
    write: (config, startFrom) => ({ ...config, startFrom: startFrom as LoopConfig['startFrom'] }),
  },
  {
    kind: 'number',
    key: 'rate',
    label: 'Learning rate',
    about: 'Of generators and critics.',
    group: 'training',
    min: 1e-7,
    max: 0.1,
    whole: false,
    read: config => config.training.generator.learningRate,
    write: (config, learningRate) => trained(trained(config, 'generator', { learningRate }), 'critic', { learningRate }),
  },
  lengthField('generator'),
  lengthField('critic'),
  size('nllQuestions', 'Questions scored for surprise', 'Last answers weighed under the other agents; 0 = none.', 0, 1000),
];

/** A preset for the chosen model: prompts and lengths are those the model needs. */
export function presetFor(id: string, base: ModelRef): LoopConfig {
  const { config } = presets.find(preset => preset.id === id) ?? presets[0]!;
  if (JSON.stringify(base) === JSON.stringify(config.debate.base)) return config;
  return { ...config, debate: { ...defaultConfig(base), difficulty: config.debate.difficulty } };
}

/** Texts of edited fields by key; a field that is not in here stands at the preset's value. */
export type LoopDraft = Readonly<Record<string, string>>;

export interface LoopReading {
  config: LoopConfig;
  problems: ReadonlyMap<string, string>;
}

function readNumber(field: NumberField, text: string): number | string {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(value)) return `${field.label}: a number is needed.`;
  if (field.whole && !Number.isInteger(value)) return `${field.label}: a whole number is needed.`;
  if (value < field.min || value > field.max) return `${field.label}: ${value} is outside ${field.min} to ${field.max}.`;
  return value;
}

/** What changes how the loop works, and not only how long it runs or what is drawn, makes it the reader's own. */
const ownKeys: ReadonlySet<string> = new Set(
  fields.map(({ key }) => key).filter(key => !['iterations', 'trainQuestions', 'evalQuestions', 'seed', 'nllQuestions'].includes(key)),
);

export function readLoopDraft(preset: LoopConfig, draft: LoopDraft): LoopReading {
  const problems = new Map<string, string>();
  let config = preset;
  for (const field of fields) {
    const text = draft[field.key];
    if (text === undefined || text === String(field.read(preset))) continue;
    if (field.kind === 'choice') config = field.write(config, text);
    else {
      const value = readNumber(field, text);
      if (typeof value === 'string') {
        problems.set(field.key, value);
        continue;
      }
      config = field.write(config, value);
    }
    if (ownKeys.has(field.key)) config = { ...config, preset: 'custom' };
  }
  return { config, problems };
}
