// One setting of a loop: what stands in its field, and what becomes of the loop when something else is typed there.
import { readShare, shareText } from '../../datasets/share';
import type { SetRole } from '../../datasets/records';
import { withSetting, type Setting } from '../../debate/setting';
import { settings as debateSettings } from '../../debate/settings';
import type { LoopConfig } from '../../experiment/records';
import { fieldLook, fieldText, readField } from '../session/form';

export type Group = 'size' | 'debate' | 'sets' | 'training';

export interface FieldText<C = LoopConfig> {
  key: string;
  label: string;
  about: string;
  /** Where the field means something; everywhere by default. */
  when?: (config: C) => boolean;
}

/** Where the form of a loop has it. */
export interface Placed {
  group: Group;
  /** Folded away: few loops need another value. */
  fold?: 'further' | 'training';
  /** Whose training it is about, and what it is called where that is said above it. */
  role?: SetRole;
  bare?: string;
}

export interface Option {
  value: string;
  label: string;
  about: string;
}

/** @template C what is set: a loop, or one training */
export interface FieldOf<C> extends FieldText<C> {
  /** Of a choice; everything else is typed. */
  options?: readonly Option[];
  inputmode?: 'numeric' | 'decimal' | 'text';
  /** What an empty field means. */
  placeholder?: string;
  text: (config: C) => string;
  /** @returns what it is changed to, or what is wrong with the text */
  put: (config: C, text: string) => C | string;
}

export type Field = FieldOf<LoopConfig> & Placed;

/**
 * What stands in the fields, over a beginning; a field that cannot be read stands at its beginning.
 * @param draft texts of edited fields by key
 * @param changed what else a change of this field means
 */
export function readFields<C, F extends FieldOf<C>>(
  fields: readonly F[],
  defaults: C,
  draft: Readonly<Record<string, string>>,
  changed: (value: C, field: F) => C = value => value,
): { value: C; problems: Map<string, string> } {
  const problems = new Map<string, string>();
  let value = defaults;
  for (const field of fields) {
    const text = draft[field.key];
    if (text === undefined || text === field.text(defaults)) continue;
    const put = field.put(value, text);
    if (typeof put === 'string') problems.set(field.key, put);
    else if (put !== value) value = changed(put, field);
  }
  return { value, problems };
}

interface Value<T> {
  read: (config: LoopConfig) => T;
  write: (config: LoopConfig, value: T) => LoopConfig;
}

export const numberField = (about: FieldText & Placed & Value<number> & { min: number; max: number; whole: boolean }): Field => ({
  ...about,
  inputmode: about.whole ? 'numeric' : 'decimal',
  text: config => String(about.read(config)),
  put(config, text) {
    const { label, whole, min, max } = about;
    const value = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(value)) return `${label}: a number is needed.`;
    if (whole && !Number.isInteger(value)) return `${label}: a whole number is needed.`;
    if (value < min || value > max) return `${label}: ${value} is outside ${min} to ${max}.`;
    return about.write(config, value);
  },
});

export const shareField = (about: FieldText & Placed & Value<number>): Field => ({
  ...about,
  inputmode: 'text',
  text: config => shareText(about.read(config)),
  put(config, text) {
    const value = readShare(text);
    return value === null ? `${about.label}: a share from 0 to 1, such as 0.5 or 2/3.` : about.write(config, value);
  },
});

export const choiceField = <T extends string>({
  options,
  ...about
}: FieldText & Placed & Value<T> & { options: readonly (Option & { value: T })[] }): Field => ({
  ...about,
  options,
  text: config => about.read(config),
  put(config, text) {
    const option = options.find(({ value }) => value === text);
    return option ? about.write(config, option.value) : `${about.label}: “${text}” is not one of the choices.`;
  },
});

/** A setting that every debate has, read and checked as there. */
export function debateField(key: Setting['key'], group: Group, when?: (config: LoopConfig) => boolean): Field {
  const setting = debateSettings.find(one => one.key === key)!;
  return {
    ...fieldLook(setting),
    ...{ key, group, fold: 'further' },
    ...(when && { when }),
    text: ({ debate }) => fieldText(setting, debate),
    put(config, text) {
      const read = readField(setting, text);
      return read.ok ? { ...config, debate: withSetting(config.debate, setting.key, read.value) } : read.problem;
    },
  };
}
