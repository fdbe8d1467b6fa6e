// The limits of an endpoint that its operator may set (endpoint.md §5), each with its unit and range.
import { defaultLimits, type Limits } from '../tuner/limits';
import { CliError } from './errors';

interface LimitOption {
  limit: keyof Limits;
  /** Of the flag's number, in the limit's own. */
  unit: number;
  most: number;
  about: string;
}

const MiB = 2 ** 20;
const minute = 60_000;

const table = {
  attempts: {
    limit: 'attempts',
    unit: 1,
    most: 1000,
    about: 'how often a job is begun before the loss of its worker or of the endpoint ends it',
  },
  keep: {
    limit: 'keep',
    unit: 24 * 60 * minute,
    most: 100_000,
    about: 'days after which uploads and weights that nothing needs are deleted',
  },
  silence: { limit: 'silence', unit: minute, most: 10_000, about: 'minutes without a word after which a trainer is given up' },
  'max-upload': { limit: 'upload', unit: MiB, most: 2047, about: 'MiB of one uploaded file' },
  'max-rows': { limit: 'rows', unit: 1, most: 10_000_000, about: 'rows of one' },
  'max-row': { limit: 'row', unit: 1024, most: 65_536, about: 'KiB of one row' },
  'max-messages': { limit: 'messages', unit: 1, most: 10_000, about: 'messages of one row' },
  'max-files': { limit: 'uploads', unit: 1, most: 1_000_000, about: 'uploaded files' },
  'max-storage': { limit: 'bytes', unit: MiB, most: 10_000_000, about: 'MiB of all files, results included' },
  'max-jobs': { limit: 'queued', unit: 1, most: 100_000, about: 'jobs that are not finished' },
  'max-streams': { limit: 'streams', unit: 1, most: 10_000, about: 'event streams at once' },
  'max-rate': { limit: 'perSecond', unit: 1, most: 100_000, about: 'requests a second' },
} satisfies Record<string, LimitOption>;

type Name = keyof typeof table;
const entries = Object.entries(table) as [Name, LimitOption][];

export const limitOptions = Object.fromEntries(entries.map(([name]) => [name, { type: 'string' }])) as Record<Name, { type: 'string' }>;

export const limitUsage = entries
  .map(([name, { limit, unit, about }]) => {
    const usual = defaultLimits[limit] / unit;
    return `  ${`--${name} N`.padEnd(20)}${about} (${Number.isFinite(usual) ? usual : 'never'})`;
  })
  .join('\n');

/** @throws CliError when a value is out of range */
export function readLimits(values: Partial<Record<Name, string>>): Limits {
  const limits = { ...defaultLimits };
  for (const [name, { limit, unit, most }] of entries) {
    const text = values[name];
    if (text === undefined) continue;
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1 || number > most)
      throw new CliError(`--${name} must be a whole number from 1 to ${most}, not "${text}"`, 2);
    limits[limit] = number * unit;
  }
  return limits;
}
