// The runtime twin of `records.ts`: every set that comes from a file or a database passes this once. Unknown fields are dropped.
import * as v from 'valibot';
import type { TrainingSet } from './records';
import { isIntact } from './seal';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const id = v.pipe(v.string(), v.maxLength(200), v.regex(/^[^\u0000-\u001f\u007f]*$/, 'control characters in an id'));
const line = v.pipe(v.string(), v.maxLength(2000));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a row hash'));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not a SHA-256'));
/** As in a run: what a model wrote is at most this long. */
export const longestText = 200_000;

export const trainMessageSchema = v.object({
  role: v.picklist(['system', 'user', 'assistant']),
  content: v.pipe(v.string(), v.maxLength(longestText)),
  weight: v.optional(v.picklist([0, 1])),
});

export const dataRowSchema = v.object({
  hash,
  kind: v.picklist(['first', 'corrected', 'kept', 'imported']),
  qid: id,
  speaker: count,
  run: id,
  from: v.pipe(v.array(id), v.maxLength(4096)),
  messages: v.pipe(v.array(trainMessageSchema), v.minLength(1), v.maxLength(4096)),
});

const selection = v.variant('by', [
  v.object({ by: v.literal('consensus') }),
  v.object({ by: v.literal('cross-agent'), ownShare: fraction }),
  v.object({ by: v.literal('truth') }),
  v.object({ by: v.literal('verifier') }),
]);

export const setRowSchema = v.object({
  schema: v.literal(1),
  run: id,
  iteration: count,
  agent: v.pipe(count, v.maxValue(999)),
  role: v.picklist(['generator', 'critic']),
  shared: v.optional(v.literal(true)),
  selection,
  ownRealised: v.optional(fraction),
  size: count,
  minus: count,
  plus: count,
  wRealised: v.nullable(fraction),
  unused: count,
  discarded: v.record(v.pipe(v.string(), v.maxLength(60)), count),
  skipped: v.nullable(line),
  sha256,
  seed: v.pipe(v.number(), v.safeInteger()),
  edited: v.optional(v.pipe(v.array(hash), v.maxLength(100_000))),
  original: v.optional(sha256),
});

export const datasetConfigSchema = v.object({
  w: fraction,
  criticSize: v.picklist(['exact', 'all']),
  criticOnEmpty: v.picklist(['skip', 'other']),
  lossOn: v.picklist(['last', 'all']),
  selection,
  seed: v.pipe(v.number(), v.safeInteger()),
});

export const trainingSetSchema = v.object({
  header: setRowSchema,
  rows: v.pipe(v.array(dataRowSchema), v.maxLength(100_000)),
});

/**
 * A set as it was sealed.
 * @throws v.ValiError when the value is no set, RangeError when its rows are not those its header names
 */
export function parseTrainingSet(value: unknown): TrainingSet {
  const set = v.parse(trainingSetSchema, value, { abortEarly: true });
  if (!isIntact(set)) throw new RangeError('the rows of this training set are not those its header names');
  return set;
}
