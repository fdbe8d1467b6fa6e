// The settings of one training, as a form shows and reads them. What is allowed says the schema that a configuration from a file passes.
import * as v from 'valibot';
import type { TrainSettings } from '../../datasets/order';
import { trainEntries, trainSettingsSchema } from '../../experiment/train-settings';
import type { FieldOf, Option } from './field';

/** What is wrong with a value is told without the name of the field. */
export type TrainField = FieldOf<TrainSettings>;
type Key = keyof TrainSettings;

/** What stands in a field that the preset has no value for, as of an adapter where all weights are trained. */
const otherwise = { rank: 8, alpha: 16, steps: 40, epochs: 3 };

const valueOf = (settings: TrainSettings, key: Key): string =>
  String(settings[key] || (key in otherwise ? otherwise[key as keyof typeof otherwise] : settings[key]));

function put(settings: TrainSettings, key: Key, value: unknown): TrainSettings | string {
  const read = v.safeParse(trainEntries[key], value);
  return read.success ? { ...settings, [key]: read.output } : `${read.issues[0].message}.`;
}

function typed(key: Key, label: string, about: string, inputmode: 'numeric' | 'decimal', when?: TrainField['when']): TrainField {
  return {
    ...{ key, label, about, inputmode },
    ...(when && { when }),
    text: settings => valueOf(settings, key),
    put(settings, text) {
      // What was typed while the field meant something means nothing now.
      if (when?.(settings) === false) return settings;
      // An empty field is no zero.
      return put(settings, key, text.trim() === '' ? Number.NaN : Number(text));
    },
  };
}

const none = { rank: 0, alpha: 0 };
const isLora = ({ method }: TrainSettings): boolean => method === 'lora';

const methods: readonly (Option & { value: TrainSettings['method'] })[] = [
  { value: 'lora', label: 'an adapter (LoRA)', about: 'Small matrices beside the weights; the base stays as it is.' },
  { value: 'full', label: 'all weights', about: 'Changes more, forgets more, and each agent is a whole model to keep.' },
];
const units: readonly (Option & { value: 'steps' | 'epochs' })[] = [
  { value: 'steps', label: 'updates', about: 'As many for a small set as for a large one.' },
  { value: 'epochs', label: 'passes', about: 'Over the rows: few rows make few updates.' },
];
const schedules: readonly (Option & { value: TrainSettings['schedule'] })[] = [
  { value: 'constant', label: 'constant', about: 'The rate keeps its height after the warm-up.' },
  { value: 'linear', label: 'linear', about: 'The rate falls in a line, to nothing at the last update.' },
  { value: 'cosine', label: 'cosine', about: 'The rate falls to nothing at the last update, slowly at first.' },
];

export const trainFields: readonly TrainField[] = [
  {
    ...{ key: 'method', label: 'What is trained', about: '', options: methods },
    text: ({ method }) => method,
    put(settings, text) {
      const changed = put(settings, 'method', text);
      if (typeof changed === 'string') return changed;
      // All weights have no rank, and a record of them says so.
      const { rank, alpha } = isLora(changed) ? { rank: changed.rank || otherwise.rank, alpha: changed.alpha || otherwise.alpha } : none;
      return { ...changed, rank, alpha };
    },
  },
  {
    ...{ key: 'unit', label: 'Length is counted in', about: '', options: units },
    text: ({ steps }) => (steps === null ? 'epochs' : 'steps'),
    put(settings, text) {
      if (settings[text as 'steps' | 'epochs'] !== null) return settings;
      return text === 'steps'
        ? { ...settings, steps: otherwise.steps, epochs: null }
        : { ...settings, steps: null, epochs: otherwise.epochs };
    },
  },
  typed('steps', 'Updates', 'Of the weights, however few rows there are.', 'numeric', ({ steps }) => steps !== null),
  typed('epochs', 'Passes over the rows', 'Few rows make few updates.', 'numeric', ({ epochs }) => epochs !== null),
  typed('learningRate', 'Learning rate', 'At its highest, after the warm-up.', 'decimal'),
  typed('batchSize', 'Rows per update', 'Fewer rows make more updates of a pass.', 'numeric'),
  typed('rank', 'Rank', 'Of the adapter: how much it can hold.', 'numeric', isLora),
  typed('alpha', 'Alpha', 'Divided by the rank, how much the adapter counts.', 'decimal', isLora),
  {
    ...{ key: 'schedule', label: 'Schedule', about: '', options: schedules },
    text: ({ schedule }) => schedule,
    put: (settings, text) => put(settings, 'schedule', text),
  },
  typed('warmupSteps', 'Warm-up', 'Updates in which the rate climbs to its height.', 'numeric'),
  typed('weightDecay', 'Weight decay', 'Pulls what is trained towards 0 (AdamW); 0 = none.', 'decimal'),
  typed('maxGradNorm', 'Gradient norm', 'Longer gradients are cut to this; 0 = never.', 'decimal'),
];
/** What settings contradict each other, by the key of the field to change. */
export function trainContradictions(settings: TrainSettings): [key: Key, problem: string][] {
  const read = v.safeParse(trainSettingsSchema, settings);
  return (read.issues ?? []).map(issue => [v.getDotPath(issue) as Key, `${issue.message}.`]);
}
