// Between what stands in a field and a run configuration: every field keeps the text that was typed, valid or not.
import type { RunConfig } from '../../debate/config';
import { contradictions, settingValue, withSetting, type NumberSetting, type Setting } from '../../debate/setting';

/** Text of edited fields by setting key; a field that is not in here stands at its default. */
export type Draft = Readonly<Record<string, string>>;

export type Read<T> = { ok: true; value: T } | { ok: false; problem: string };

const noted = (about: string, empty: string | undefined): string => (empty === undefined ? about : `${about} Empty: ${empty}.`);

/** How the field of a setting is drawn. */
export function fieldLook(setting: Setting) {
  const { label, about } = setting;
  if (setting.kind === 'number') {
    const inputmode = Number.isInteger(setting.step) ? ('numeric' as const) : ('decimal' as const);
    return { label, about: noted(about, setting.empty), inputmode, ...(setting.empty !== undefined && { placeholder: setting.empty }) };
  }
  const options = setting.options.map(option => ({
    value: String(option.value ?? ''),
    label: option.label,
    about: option.about + (option.published ? ' As published.' : ''),
  }));
  return { label, about, options };
}

/** What the field of a setting shows for a configuration. */
export const fieldText = (setting: Setting, config: RunConfig): string => String(settingValue(config, setting.key) ?? '');

function readNumber(setting: NumberSetting, text: string): Read<number | null> {
  const typed = text.trim();
  if (typed === '') {
    if (setting.empty !== undefined) return { ok: true, value: null };
    return { ok: false, problem: `${setting.label}: a number from ${setting.min} to ${setting.max} is needed.` };
  }
  const value = Number(typed);
  if (!Number.isFinite(value)) return { ok: false, problem: `${setting.label}: “${typed}” is not a number.` };
  if (Number.isInteger(setting.step) && !Number.isInteger(value))
    return { ok: false, problem: `${setting.label}: a whole number is needed.` };
  if (value < setting.min || value > setting.max)
    return { ok: false, problem: `${setting.label}: ${value} is outside ${setting.min} to ${setting.max}.` };
  return { ok: true, value };
}

/** The value that a field's text means. */
export function readField(setting: Setting, text: string): Read<string | number | boolean | null> {
  if (setting.kind === 'number') return readNumber(setting, text);
  const option = setting.options.find(({ value }) => String(value ?? '') === text);
  return option ? { ok: true, value: option.value } : { ok: false, problem: `${setting.label}: “${text}” is not one of the choices.` };
}

export interface Reading {
  /** The defaults with every valid edit applied. */
  config: RunConfig;
  problems: ReadonlyMap<string, string>;
}

export function readDraft(settings: readonly Setting[], defaults: RunConfig, draft: Draft): Reading {
  let config = defaults;
  const problems = new Map<string, string>();
  for (const setting of settings) {
    const text = draft[setting.key];
    if (text === undefined) continue;
    const read = readField(setting, text);
    if (read.ok) config = withSetting(config, setting.key, read.value);
    else problems.set(setting.key, read.problem);
  }
  for (const { key, problem } of contradictions(config)) if (!problems.has(key)) problems.set(key, problem);
  return { config, problems };
}

/** The draft that turns `defaults` into `config`. */
export function draftOf(settings: readonly Setting[], defaults: RunConfig, config: RunConfig): Draft {
  const draft: Record<string, string> = {};
  for (const setting of settings) {
    const text = fieldText(setting, config);
    if (text !== fieldText(setting, defaults)) draft[setting.key] = text;
  }
  return draft;
}
