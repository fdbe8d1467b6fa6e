// The flags of a command: one table for what is read and for what `--help` says. What cannot be meant is refused in the same words everywhere.
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { CliError } from './errors';

/** `value` is shown behind the flag in `--help`; a switch has none. */
export type Flag = readonly [type: 'string' | 'boolean', value: string, about: string];
export type Flags = Readonly<Record<string, Flag>>;
export type Values<F extends Flags = Flags> = Readonly<Partial<Record<keyof F & string, string | boolean>>>;
/** Makes the error for something that cannot be meant. */
export type Wrong = (message: string) => Error;

export const wrongIn =
  (command: string): Wrong =>
  message =>
    new CliError(`${message}\nnpm run cli -- ${command} --help lists the options.`, 2);

/** @param width of the column of flags */
export const flagLines = (flags: Flags, width: number): string =>
  Object.entries(flags)
    .map(([name, [, value, about]]) => `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(width)} ${about}`)
    .join('\n');

/** @throws what `wrong` makes of a flag that is not in the table, or of anything that is no flag */
export function readFlags<F extends Flags>(args: string[], flags: F, wrong: Wrong): Values<F> {
  const options = Object.fromEntries(Object.entries(flags).map(([name, [type]]) => [name, { type }])) as ParseArgsConfig['options'];
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values as Values<F>;
  } catch (error) {
    throw wrong((error as Error).message.split('. To specify')[0]!);
  }
}

/** @throws what `wrong` makes of a value out of range */
export function readNumber(
  values: Values,
  name: string,
  { min, max, whole = true }: { min: number; max: number; whole?: boolean },
  wrong: Wrong,
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  const fits = String(text).trim() !== '' && Number.isFinite(value) && (!whole || Number.isInteger(value)) && value >= min && value <= max;
  if (!fits) throw wrong(`--${name} takes a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not "${text}".`);
  return value;
}

/** @throws what `wrong` makes of a value that is none of the options */
export function readChoice<T extends string>(values: Values, name: string, options: readonly T[], wrong: Wrong): T | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!options.includes(value as T)) throw wrong(`--${name} takes ${options.join(', ')}; not "${value}".`);
  return value as T;
}
