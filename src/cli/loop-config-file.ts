// The configuration of a loop from a file: whole, or what differs from the preset it names.
import { readFileSync } from 'node:fs';

import * as v from 'valibot';

import { issueText } from '../debate/schema';
import { presetById, presets } from '../experiment/presets';
import type { LoopConfig } from '../experiment/records';
import { parseLoopConfig } from '../experiment/schema';
import { CliError } from './errors';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What differs, laid over a preset; lists are replaced whole. */
function over(base: unknown, change: unknown): unknown {
  if (!isObject(base) || !isObject(change)) return change;
  const fields = Object.entries(change).map(([key, value]) => [key, Object.hasOwn(base, key) ? over(base[key], value) : value] as const);
  return { ...base, ...Object.fromEntries(fields) };
}

/** What the file leaves out is as in the preset it names. @throws CliError when it is no configuration */
export function configFromFile(path: string): LoopConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CliError(`cannot read a configuration from ${path}: ${(error as Error).message}`, 2);
  }
  const name = isObject(value) && typeof value.preset === 'string' ? value.preset : 'gentle';
  const known = presets.some(({ id }) => id === name) ? presetById(name).config : presetById('gentle').config;
  try {
    return parseLoopConfig(over(known, value));
  } catch (error) {
    if (v.isValiError(error)) throw new CliError(`${path}: ${issueText(error.issues)}`, 2);
    throw error;
  }
}
