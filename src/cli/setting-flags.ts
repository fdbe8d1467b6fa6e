// The settings of a debate as flags: names, help and ranges come from the one list that the page's form is drawn from.
import type { ModelRef, RunConfig } from '../debate/config';
import { defaultConfig } from '../debate/defaults';
import { settingValue, withSetting, type Setting, type SettingValue } from '../debate/setting';
import { settings } from '../debate/settings';

export interface Flag {
  type: 'string' | 'boolean';
  /** Shown after the flag in `--help`. */
  value?: string;
  about: string;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

const isSwitch = (setting: Setting): boolean =>
  setting.kind === 'choice' && setting.options.every(({ value }) => typeof value === 'boolean');

const other: ModelRef = { kind: 'local', id: '' };

/** `1`, `160; 512 for other models`, `a strict majority` */
function defaultWords(setting: Setting): string {
  const word = (config: RunConfig): string => {
    const value = settingValue(config, setting.key);
    return value === null && setting.kind === 'number' ? setting.empty! : String(value);
  };
  const [own, others] = [word(defaultConfig()), word(defaultConfig(other))];
  return own === others ? own : `${own}; ${others} for other models`;
}

function flagOf(setting: Setting): Flag {
  if (isSwitch(setting)) return { type: 'boolean', about: `${setting.about} This switch: no.` };
  const value = setting.kind === 'number' ? (Number.isInteger(setting.step) ? 'N' : 'X') : setting.options.map(one => one.value).join('|');
  return { type: 'string', value, about: `${setting.about} (${defaultWords(setting)})` };
}

export const settingFlags: Readonly<Record<string, Flag>> = Object.fromEntries(settings.map(setting => [setting.flag, flagOf(setting)]));

/** @throws whatever `wrong` makes of a message */
export function readNumber(
  values: Values,
  name: string,
  { min, max = Infinity, whole = true }: { min: number; max?: number; whole?: boolean },
  wrong: (message: string) => Error,
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  const kind = whole ? 'a whole number' : 'a number';
  if (String(text).trim() === '' || !Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < min || value > max)
    throw wrong(`--${name} takes ${kind} ${max === Infinity ? `from ${min}` : `from ${min} to ${max}`}, not "${text}".`);
  return value;
}

function readSetting(values: Values, setting: Setting, wrong: (message: string) => Error): SettingValue | undefined {
  const given = values[setting.flag];
  if (given === undefined) return undefined;
  if (setting.kind === 'number')
    return readNumber(values, setting.flag, { min: setting.min, max: setting.max, whole: Number.isInteger(setting.step) }, wrong);
  if (isSwitch(setting)) return false;
  const option = setting.options.find(({ value }) => value === given);
  if (!option) throw wrong(`--${setting.flag} takes ${setting.options.map(({ value }) => value).join(', ')}; not "${given}".`);
  return option.value;
}

/** The configuration with every given flag applied. @throws whatever `wrong` makes of a message */
export const applySettings = (config: RunConfig, values: Values, wrong: (message: string) => Error): RunConfig =>
  settings.reduce((made, setting) => {
    const value = readSetting(values, setting, wrong);
    return value === undefined ? made : withSetting(made, setting.key, value);
  }, config);
