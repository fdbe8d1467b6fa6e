// With what settings each set is trained: a preset and what was typed over it. Remembered, since a training under way is found by them.
import * as v from 'valibot';
import type { SetRole } from '../../datasets/records';
import { presetById } from '../../experiment/presets';
import type { TrainSettings } from '../../datasets/order';
import { keep, kept, pageStore, type KeepStore } from '../look/keep';
import { readFields } from '../loop/field';
import { trainContradictions, trainFields } from '../loop/train-fields';

/** Presets whose trainings differ in more than length, in the words of a single one. */
export const setPresets = [
  { value: 'gentle', label: 'Gentle', about: 'A small adapter and a few passes.' },
  { value: 'collapse', label: 'Collapse', about: 'All weights, a high rate, many passes: it learns its rows by heart.' },
] as const;
type Preset = (typeof setPresets)[number]['value'];

const choiceSchema = v.object({
  set: v.string(),
  preset: v.picklist(setPresets.map(({ value }) => value)),
  draft: v.record(v.string(), v.string()),
});
type Choice = v.InferOutput<typeof choiceSchema>;

/** Older ones stand at their preset again. */
const mostKept = 50;
const name = 'set-training';

function remembered(text: string | null): Choice[] {
  try {
    return v.parse(v.array(choiceSchema), JSON.parse(text ?? '[]'));
  } catch {
    return []; // storage holds something else
  }
}

export interface SetReading {
  preset: Preset;
  defaults: TrainSettings;
  draft: Readonly<Record<string, string>>;
  settings: TrainSettings;
  problems: ReadonlyMap<string, string>;
}

export class SetSettings {
  #choices = $state.raw<readonly Choice[]>([]);

  constructor(private readonly store: () => KeepStore = pageStore) {
    this.#choices = remembered(kept(name, store));
  }

  /** @param set name of a set on a base, as `setTrainingId` makes it */
  read(set: string, role: SetRole): SetReading {
    const { preset, draft } = this.#of(set);
    const defaults = presetById(preset).config.training[role];
    const { value: settings, problems } = readFields(trainFields, defaults, draft);
    for (const [key, problem] of trainContradictions(settings)) if (!problems.has(key)) problems.set(key, problem);
    const said = trainFields.flatMap(({ key, label }) => (problems.has(key) ? [[key, `${label}: ${problems.get(key)}`] as const] : []));
    return { preset, defaults, draft, settings, problems: new Map(said) };
  }

  choose(set: string, preset: string): void {
    const found = setPresets.find(({ value }) => value === preset);
    if (found) this.#put({ ...this.#of(set), preset: found.value });
  }

  type(set: string, key: string, text: string): void {
    const choice = this.#of(set);
    this.#put({ ...choice, draft: { ...choice.draft, [key]: text } });
  }

  reset(set: string): void {
    this.#put({ ...this.#of(set), draft: {} });
  }

  #of(set: string): Choice {
    return this.#choices.find(one => one.set === set) ?? { set, preset: 'gentle', draft: {} };
  }

  #put(choice: Choice): void {
    this.#choices = [...this.#choices.filter(({ set }) => set !== choice.set), choice].slice(-mostKept);
    keep(name, JSON.stringify(this.#choices), this.store);
  }
}
