// Between what stands in a field and a run configuration: every field keeps the text that was typed, valid or not.
import { baseSeats } from '../../debate/defaults';
import type { RunConfig } from '../../debate/config';
import type { NumberSetting, Setting } from '../../debate/settings';

/** Text of edited fields by setting key; a field that is not in here stands at its default. */
export type Draft = Readonly<Record<string, string>>;

export type Read<T> = { ok: true; value: T } | { ok: false; problem: string };

function at(config: RunConfig, key: Setting['key']): unknown {
  if (key === 'seats') return config.seats.length;
  let value: unknown = config;
  for (const part of key.split('.')) value = (value as Record<string, unknown>)[part];
  return value;
}

/** A configuration with one setting changed. */
export function withValue(config: RunConfig, key: Setting['key'], value: unknown): RunConfig {
  if (key === 'seats') return { ...config, seats: baseSeats(value as number) };
  const [outer, inner] = key.split('.') as [keyof RunConfig, string | undefined];
  return { ...config, [outer]: inner === undefined ? value : { ...(config[outer] as object), [inner]: value } };
}

/** What the field of a setting shows for a configuration. */
export const fieldText = (setting: Setting, config: RunConfig): string => String(at(config, setting.key) ?? '');

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

/** Rules between settings, by the field that should be changed. */
function between(config: RunConfig): [string, string][] {
  const found: [string, string][] = [];
  if (config.minVotes !== null && config.minVotes > config.seats.length)
    found.push(['minVotes', `Votes for a label: ${config.minVotes} votes cannot come from ${config.seats.length} agents.`]);
  return found;
}

export function readDraft(settings: readonly Setting[], defaults: RunConfig, draft: Draft): Reading {
  let config = defaults;
  const problems = new Map<string, string>();
  for (const setting of settings) {
    const text = draft[setting.key];
    if (text === undefined) continue;
    const read = readField(setting, text);
    if (read.ok) config = withValue(config, setting.key, read.value);
    else problems.set(setting.key, read.problem);
  }
  for (const [key, problem] of between(config)) if (!problems.has(key)) problems.set(key, problem);
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
