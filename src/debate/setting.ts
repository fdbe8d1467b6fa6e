// What a setting is, and how it is read from and written into a configuration: the form, the flags of the command line and `--help` share it.
import type { RunConfig, Sampling } from './config';
import { baseSeats } from './defaults';

export type SettingKey = keyof RunConfig | `sampling.${keyof Sampling}` | `summarySampling.${keyof Sampling}`;
export type SettingValue = string | number | boolean | null;

export interface SettingOption {
  value: string | boolean;
  label: string;
  about: string;
  /** What the paper, or where it is silent its code, does. */
  published?: true;
}

interface SettingText {
  /** Path in `RunConfig`. */
  key: SettingKey;
  /** Its flag on the command line. A choice between yes and no is a switch there, and means no. */
  flag: string;
  label: string;
  about: string;
  group: 'society' | 'sharing' | 'decision' | 'sampling';
  /** Folded away until somebody looks for it. */
  advanced?: true;
}

export interface ChoiceSetting extends SettingText {
  kind: 'choice';
  options: readonly SettingOption[];
}

export interface NumberSetting extends SettingText {
  kind: 'number';
  min: number;
  max: number;
  step: number;
  /** What leaving it out means; absent where a number is needed. */
  empty?: string;
  /** As published; absent where neither the paper nor its code says. */
  published?: number;
}

export type Setting = ChoiceSetting | NumberSetting;

export function settingValue(config: RunConfig, key: SettingKey): SettingValue {
  if (key === 'seats') return config.seats.length;
  let value: unknown = config;
  for (const part of key.split('.')) value = (value as Record<string, unknown>)[part];
  return value as SettingValue;
}

export function withSetting(config: RunConfig, key: SettingKey, value: SettingValue): RunConfig {
  if (key === 'seats') return { ...config, seats: baseSeats(value as number) };
  const [outer, inner] = key.split('.') as [keyof RunConfig, string | undefined];
  return { ...config, [outer]: inner === undefined ? value : { ...(config[outer] as object), [inner]: value } };
}

/** Undefined where nothing was published on it. */
export const publishedValue = (setting: Setting): SettingValue | undefined =>
  setting.kind === 'number' ? setting.published : setting.options.find(({ published }) => published)?.value;

/** What does not go together, by the setting that should be changed. */
export function contradictions(config: RunConfig): { key: SettingKey; problem: string }[] {
  const { minVotes, seats } = config;
  if (minVotes === null || minVotes <= seats.length) return [];
  return [{ key: 'minVotes', problem: `Votes for a label: ${minVotes} votes cannot come from ${seats.length} agents.` }];
}
