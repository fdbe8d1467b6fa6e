// One setting of a loop: what stands in its field, and what becomes of the loop when something else is typed there.
import { readShare, shareText } from '../../datasets/share';
import { withSetting, type Setting } from '../../debate/setting';
import { settings as debateSettings } from '../../debate/settings';
import type { LoopConfig } from '../../experiment/records';
import { fieldText, readField } from '../session/form';

export type Group = 'size' | 'debate' | 'sets' | 'training';

export interface FieldText {
  key: string;
  label: string;
  about: string;
  group: Group;
  /** Folded away: few loops need another value. */
  further?: true;
  /** Where the field means something; everywhere by default. */
  when?: (config: LoopConfig) => boolean;
}

export interface Option {
  value: string;
  label: string;
  about: string;
}

export interface Field extends FieldText {
  /** Of a choice; everything else is typed. */
  options?: readonly Option[];
  inputmode?: 'numeric' | 'decimal' | 'text';
  /** What an empty field means. */
  placeholder?: string;
  text: (config: LoopConfig) => string;
  /** @returns the changed loop, or what is wrong with the text */
  put: (config: LoopConfig, text: string) => LoopConfig | string;
}

interface Value<T> {
  read: (config: LoopConfig) => T;
  write: (config: LoopConfig, value: T) => LoopConfig;
}

export const numberField = (about: FieldText & Value<number> & { min: number; max: number; whole: boolean }): Field => ({
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

export const shareField = (about: FieldText & Value<number>): Field => ({
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
}: FieldText & Value<T> & { options: readonly (Option & { value: T })[] }): Field => ({
  ...about,
  options,
  text: config => about.read(config),
  put(config, text) {
    const option = options.find(({ value }) => value === text);
    return option ? about.write(config, option.value) : `${about.label}: “${text}” is not one of the choices.`;
  },
});

const noted = (about: string, empty: string | undefined): string => (empty === undefined ? about : `${about} Empty: ${empty}.`);

/** A setting that every debate has, read and checked as there. */
export function debateField(key: Setting['key'], group: Group, when?: (config: LoopConfig) => boolean): Field {
  const setting = debateSettings.find(one => one.key === key)!;
  const { label } = setting;
  return {
    ...{ key, label, group, further: true },
    ...(when && { when }),
    ...(setting.kind === 'number'
      ? { about: noted(setting.about, setting.empty), ...(setting.empty !== undefined && { placeholder: setting.empty }) }
      : {
          about: setting.about,
          options: setting.options.map(option => ({
            value: String(option.value ?? ''),
            label: option.label,
            about: option.about + (option.published ? ' As published.' : ''),
          })),
        }),
    inputmode: setting.kind === 'number' && Number.isInteger(setting.step) ? 'numeric' : 'decimal',
    text: ({ debate }) => fieldText(setting, debate),
    put(config, text) {
      const read = readField(setting, text);
      return read.ok ? { ...config, debate: withSetting(config.debate, setting.key, read.value) } : read.problem;
    },
  };
}
