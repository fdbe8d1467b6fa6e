// What can be changed about a loop before it starts: one list, from which the form is drawn and read.
import type { DatasetConfig, Selection, SetRole } from '../../datasets/records';
import { baseSeats } from '../../debate/defaults';
import { limits } from '../../debate/limits';
import type { LoopConfig, Society } from '../../experiment/records';
import { isShared, societyOf } from '../../experiment/society';
import { taskById } from '../../tasks/tasks';
import { choiceField, debateField, numberField, shareField, type Field } from './field';
import { trainFields, type TrainField } from './train-fields';

export const plural = { generator: 'Generators', critic: 'Critics' } as const;

const collected = (config: LoopConfig, change: Partial<DatasetConfig>): LoopConfig => ({
  ...config,
  datasets: { ...config.datasets, ...change },
});

const sizeField = (
  key: 'iterations' | 'trainQuestions' | 'evalQuestions' | 'nllQuestions' | 'validationRows',
  label: string,
  about: string,
  min: number,
  max: number,
): Field =>
  numberField({
    ...{ key, label, about, min, max },
    group: 'size',
    whole: true,
    read: config => config[key],
    write: (config, value) => ({ ...config, [key]: value }),
  });

/** Of the settings of a training, those that are tried out most. */
const atHand: ReadonlySet<string> = new Set(['steps', 'epochs', 'learningRate']);

/** The one model of a control is trained as a generator is; of a critic's settings only the length counts for it. */
const counts = (role: SetRole, key: string, config: LoopConfig): boolean =>
  role === 'generator' || !isShared(config) || ['unit', 'steps', 'epochs', 'batchSize'].includes(key);

function trainField(role: SetRole, { key, label: bare, text, put, when, ...look }: TrainField): Field {
  const label = `${plural[role]}: ${bare[0]!.toLowerCase()}${bare.slice(1)}`;
  return {
    ...look,
    ...{ key: `${role}-${key}`, label, bare, role, group: 'training' },
    ...(!atHand.has(key) && { fold: 'training' }),
    when: config => counts(role, key, config) && (when?.(config.training[role]) ?? true),
    text: ({ training }) => text(training[role]),
    put(config, typed) {
      const changed = put(config.training[role], typed);
      if (typeof changed === 'string') return `${label}: ${changed}`;
      return changed === config.training[role] ? config : { ...config, training: { ...config.training, [role]: changed } };
    },
  };
}

const hasPeers = ({ debate }: LoopConfig): boolean => debate.share !== 'none';

export const fields: readonly Field[] = [
  sizeField('iterations', 'Iterations', 'Each trains every agent once.', 1, 100),
  sizeField('trainQuestions', 'Training questions', 'Debated for labels; their right answers are never used.', 2, 1000),
  sizeField('evalQuestions', 'Held-out questions', 'The same ones after every iteration.', 2, 1000),
  numberField({
    key: 'seed',
    label: 'Seed',
    about: 'Questions, draws, sets and training all follow from it.',
    ...{ group: 'size', min: 0, max: 2 ** 32 - 1, whole: true },
    read: config => config.seed,
    write: (config, seed) => ({ ...collected(config, { seed }), seed, debate: { ...config.debate, seed } }),
  }),
  {
    ...sizeField('nllQuestions', 'Questions scored for surprise', 'Last answers weighed under the other agents; 0 = none.', 0, 1000),
    fold: 'further',
  },
  numberField({
    key: 'agents',
    label: 'Agents',
    about: 'N generators and N critics are trained.',
    ...{ group: 'debate', min: 1, max: limits.agents, whole: true },
    read: config => config.debate.seats.length,
    write: (config, count) => ({ ...config, debate: { ...config.debate, seats: baseSeats(count) } }),
  }),
  numberField({
    key: 'rounds',
    label: 'Rounds',
    about: 'Critics speak from round 2 on; with one round there are none.',
    ...{ group: 'debate', min: 1, max: limits.rounds, whole: true },
    read: config => config.debate.rounds,
    write: (config, rounds) => ({ ...config, debate: { ...config.debate, rounds } }),
  }),
  choiceField({
    ...{ key: 'difficulty', label: 'Problems', about: '', group: 'debate' },
    options: taskById('arithmetic').difficulties.map(({ id, label }) => ({
      value: id,
      label,
      about: 'Where the base is nearly always right, nothing is left to learn.',
    })),
    read: config => config.debate.difficulty,
    write: (config, difficulty) => ({ ...config, debate: { ...config.debate, difficulty } }),
  }),
  choiceField<LoopConfig['questions']>({
    ...{ key: 'questions', label: 'Questions per iteration', about: '', group: 'debate' },
    options: [
      { value: 'fixed', label: 'the same', about: 'As published: one list of training questions.' },
      { value: 'resample', label: 'new ones', about: 'Each iteration debates questions that no other has seen.' },
    ],
    read: config => config.questions,
    write: (config, questions) => ({ ...config, questions }),
  }),
  debateField('share', 'debate'),
  debateField('summariser', 'debate', ({ debate }) => debate.share === 'summary'),
  debateField('order', 'debate'),
  debateField('seeOwn', 'debate'),
  debateField('maxPeers', 'debate', hasPeers),
  debateField('peerOrder', 'debate', hasPeers),
  debateField('tieEval', 'debate'),
  debateField('sampling.temperature', 'debate'),
  choiceField<Selection['by']>({
    ...{ key: 'selection', label: 'Rows are chosen by', about: '', group: 'sets' },
    options: [
      { value: 'consensus', label: 'the vote', about: 'What matches the vote, and the agent’s own only. As published.' },
      { value: 'cross-agent', label: 'the vote, across agents', about: 'A part of the rows comes from other agents. Not the paper’s.' },
      { value: 'verifier', label: 'a check of their steps', about: 'Every written step is right, whatever was voted. Not the paper’s.' },
      { value: 'truth', label: 'the right answer', about: 'Uses the right answers. Not the paper’s.' },
    ],
    read: config => config.datasets.selection.by,
    write: (config, by) => collected(config, { selection: by === 'cross-agent' ? { by, ownShare: 0.5 } : { by } }),
  }),
  shareField({
    ...{ key: 'ownShare', label: 'Share of own rows (β)', group: 'sets' },
    about: '1 is the paper’s; one in the number of agents is plain pooling.',
    when: ({ datasets }) => datasets.selection.by === 'cross-agent',
    read: ({ datasets: { selection } }) => (selection.by === 'cross-agent' ? selection.ownShare : 0.5),
    write: (config, ownShare) =>
      config.datasets.selection.by === 'cross-agent' ? collected(config, { selection: { by: 'cross-agent', ownShare } }) : config,
  }),
  shareField({
    ...{ key: 'w', label: 'Share of corrected rows (w)', group: 'sets' },
    about: 'In a critic’s set: wrong first and right at last, against right throughout. The published code comes to 2/3.',
    when: ({ datasets }) => datasets.criticSize === 'exact',
    read: config => config.datasets.w,
    write: (config, w) => collected(config, { w }),
  }),
  choiceField<DatasetConfig['lossOn']>({
    ...{ key: 'lossOn', label: 'A critic is trained on', about: '', group: 'sets' },
    options: [
      { value: 'last', label: 'its last answer', about: 'A wrong first answer is read, never learnt.' },
      { value: 'all', label: 'every answer shown', about: 'As published: a wrong first answer is learnt too.' },
    ],
    read: config => config.datasets.lossOn,
    write: (config, lossOn) => collected(config, { lossOn }),
  }),
  choiceField<DatasetConfig['criticOnEmpty']>({
    ...{ key: 'criticOnEmpty', label: 'A critic without corrected rows', about: '', group: 'sets' },
    when: ({ datasets }) => datasets.criticSize === 'exact',
    options: [
      { value: 'skip', label: 'keeps its weights', about: 'It is not trained, and that is said.' },
      { value: 'other', label: 'learns from the other kind', about: 'Trained on whichever kind of rows there is.' },
    ],
    read: config => config.datasets.criticOnEmpty,
    write: (config, criticOnEmpty) => collected(config, { criticOnEmpty }),
  }),
  {
    ...choiceField<DatasetConfig['criticSize']>({
      ...{ key: 'criticSize', label: 'Size of a critic’s set', about: '', group: 'sets' },
      options: [
        { value: 'exact', label: 'the largest of share w', about: 'Rows beyond the share are left out.' },
        { value: 'all', label: 'all rows', about: 'Nothing is left out; w is what comes of it.' },
      ],
      read: config => config.datasets.criticSize,
      write: (config, criticSize) => collected(config, { criticSize }),
    }),
    fold: 'further',
  },
  {
    ...sizeField('validationRows', 'Rows held out of each set', 'Never trained on: they judge the training. Fewer of small sets.', 0, 1000),
    ...{ group: 'sets', fold: 'further' },
  },
  debateField('minVotes', 'sets'),
  debateField('tieTrain', 'sets'),
  choiceField<Society>({
    ...{ key: 'society', label: 'Who is trained', about: 'The controls show what separate weights add.', group: 'training' },
    options: [
      { value: 'multiagent-ft', label: 'every agent by itself', about: 'As published: 2N models, each on its own set.' },
      {
        value: 'union-data',
        label: 'one model on all sets',
        about: 'Control: the same rows and passes, one model that speaks as every agent.',
      },
      {
        value: 'single-ft',
        label: 'one model on all first answers',
        about: 'Control: the generators’ sets together, one model that speaks as every agent.',
      },
    ],
    read: societyOf,
    write: (config, society) => ({ ...config, society }),
  }),
  choiceField<LoopConfig['startFrom']>({
    ...{ key: 'startFrom', label: 'Training goes on from', about: '', group: 'training' },
    options: [
      { value: 'previous', label: 'the last iteration', about: 'As published in the code: each agent goes on with its own weights.' },
      { value: 'base', label: 'the base', about: 'Every iteration trains the untouched base anew.' },
    ],
    read: config => config.startFrom,
    write: (config, startFrom) => ({ ...config, startFrom }),
  }),
  {
    ...choiceField<NonNullable<LoopConfig['onFailure']>>({
      ...{ key: 'onFailure', label: 'When a training fails', about: '', group: 'training' },
      options: [
        { value: 'stop', label: 'the loop waits', about: 'Until it is tried again.' },
        { value: 'keep', label: 'the loop goes on', about: 'The agent keeps the weights it had.' },
      ],
      read: ({ onFailure }) => onFailure ?? 'stop',
      write: (config, onFailure) => ({ ...config, onFailure }),
    }),
    fold: 'further',
  },
  ...trainFields.flatMap(field => [trainField('generator', field), trainField('critic', field)]),
];
