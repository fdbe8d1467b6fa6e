// The settings of a debate as flags: names, help and ranges come from the one list that the page's form is drawn from.
import type { ModelRef, RunConfig } from '../debate/config';
import { defaultConfig } from '../debate/defaults';
import { settingValue, withSetting, type Setting, type SettingValue } from '../debate/setting';
import { settings } from '../debate/settings';
import { readNumber, type Flag, type Flags, type Values, type Wrong } from './flags';

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
  if (isSwitch(setting)) return ['boolean', '', `${setting.about} This switch: no.`];
  const value = setting.kind === 'number' ? (Number.isInteger(setting.step) ? 'N' : 'X') : setting.options.map(one => one.value).join('|');
  return ['string', value, `${setting.about} (${defaultWords(setting)})`];
}

export const settingFlags: Flags = Object.fromEntries(settings.map(setting => [setting.flag, flagOf(setting)]));

function readSetting(values: Values, setting: Setting, wrong: Wrong): SettingValue | undefined {
  const given = values[setting.flag];
  if (given === undefined) return undefined;
  if (setting.kind === 'number')
    return readNumber(values, setting.flag, { min: setting.min, max: setting.max, whole: Number.isInteger(setting.step) }, wrong);
  if (isSwitch(setting)) return false;
  const option = setting.options.find(({ value }) => value === given);
  if (!option) throw wrong(`--${setting.flag} takes ${setting.options.map(({ value }) => value).join(', ')}; not "${given}".`);
  return option.value;
}

/** The configuration with every given flag applied. @throws what `wrong` makes of a value that cannot be meant */
export const applySettings = (config: RunConfig, values: Values, wrong: Wrong): RunConfig =>
  settings.reduce((made, setting) => {
    const value = readSetting(values, setting, wrong);
    return value === undefined ? made : withSetting(made, setting.key, value);
  }, config);
