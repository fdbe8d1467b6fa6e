// The runtime twin of `events.ts`: every event that comes from a file, a link or the database passes this once. Unknown fields are dropped.
import * as v from 'valibot';
import type { RunEvent } from './events';

export const short = v.pipe(v.string(), v.maxLength(200));
export const line = v.pipe(v.string(), v.maxLength(2000));
export const prose = v.pipe(v.string(), v.maxLength(200_000));
export const stamp = v.pipe(
  v.string(),
  v.maxLength(40),
  v.check(text => Number.isFinite(Date.parse(text)), 'not a date'),
);
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const role = v.picklist(['generator', 'critic', 'summariser']);
// An answer under 'exact' or 'latex' equality can be as long as what the model put into its box.
const key = v.pipe(v.string(), v.maxLength(20_000));
/** Messages of machines are for reading only: a long one is cut, never a reason to refuse a run. */
export const message = v.pipe(
  v.string(),
  v.transform(text => text.slice(0, 2000)),
);
/** Ids name HTML elements, files and database keys: no control characters, and short. */
export const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200), v.regex(/^[^\u0000-\u001f\u007f]+$/, 'control characters in an id'));

const modelRef = v.variant('kind', [
  v.object({ kind: v.literal('builtin'), id }),
  v.object({
    kind: v.literal('hub'),
    id,
    revision: v.optional(short),
    dtype: v.optional(short),
    device: v.optional(short),
    host: v.optional(line),
  }),
  v.object({ kind: v.literal('local'), id }),
]);

const sampling = v.object({
  temperature: v.pipe(v.number(), v.finite(), v.minValue(0)),
  topK: count,
  topP: fraction,
  minP: fraction,
  maxNewTokens: count,
});

export const config = v.object({
  schema: v.literal(1),
  base: modelRef,
  task: short,
  difficulty: short,
  seats: v.pipe(v.array(v.object({ generator: v.nullable(short), critic: v.nullable(short) })), v.minLength(1), v.maxLength(1000)),
  rounds: v.pipe(positive, v.maxValue(1000)),
  order: v.picklist(['sync', 'sequential']),
  share: v.picklist(['summary', 'concat', 'none']),
  summariser: v.picklist(['base', 'self']),
  seeOwn: v.boolean(),
  maxPeers: v.nullable(count),
  peerOrder: v.picklist(['shuffled', 'fixed']),
  minVotes: v.nullable(count),
  tieTrain: v.picklist(['drop', 'random', 'lexical']),
  tieEval: v.picklist(['random', 'earliest', 'lexical', 'abstain']),
  equality: v.picklist(['numeric', 'latex', 'choice', 'exact']),
  promptSet: short,
  sampling,
  summarySampling: sampling,
  seed: v.pipe(v.number(), v.safeInteger()),
  retries: v.pipe(count, v.maxValue(1000)),
});

export const engine = v.object({
  base: modelRef,
  modelHash: short,
  dtype: short,
  device: v.picklist(['wasm', 'webgpu', 'cpu', 'remote']),
  runtime: short,
  parameters: count,
});

export const question = v.object({
  qid: id,
  task: short,
  split: v.picklist(['train', 'eval', 'own']),
  text: prose,
  textHash: short,
  truth: v.nullable(key),
  difficulty: v.optional(short),
});

const extraction = v.object({ key, start: count, end: count });
const turns = v.pipe(v.array(id), v.maxLength(4096));
/** A token may be so unlikely that its logarithm is no finite number, which JSON writes as null: a run is not refused for that. */
const impossible = -1000;
const logprob = v.pipe(
  v.union([v.number(), v.null(), v.nan()]),
  v.transform(value => (Number.isFinite(value) ? Number(value) : impossible)),
);
const logprobs = v.pipe(v.array(logprob), v.maxLength(65_536));

const turn = v.object({
  id,
  qid: id,
  round: positive,
  agent: count,
  role,
  adapter: v.nullable(short),
  prompt: v.object({ template: short, own: turns, peers: turns, summary: v.nullable(id) }),
  promptHash: short,
  draw: v.object({ seed: v.pipe(v.number(), v.safeInteger()), qid: id, agent: count, role, round: positive, attempt: count }),
  text: prose,
  answer: v.nullable(extraction),
  usage: v.object({ promptTokens: count, newTokens: count, ms: v.pipe(v.number(), v.finite(), v.minValue(0)) }),
  finish: v.picklist(['stop', 'length']),
  ends: v.pipe(v.array(count), v.maxLength(65_536)),
  logprobs,
});

const vote = v.object({
  qid: id,
  round: positive,
  counts: v.record(key, count),
  unparsed: count,
  n: count,
  winner: v.nullable(key),
  label: v.nullable(key),
  discarded: v.nullable(v.picklist(['unparsed', 'tie', 'min-votes'])),
  tie: v.boolean(),
  rule: message,
});

const failure = v.object({
  code: v.picklist(['aborted', 'too-long', 'device-lost', 'out-of-memory', 'bad-model', 'auth', 'network', 'internal']),
  message,
  hint: v.optional(message),
});

export const runEventSchema = v.variant('type', [
  v.object({
    type: v.literal('run-started'),
    schema: v.literal(1),
    run: id,
    at: stamp,
    title: line,
    app: short,
    config,
    engine,
    questions: v.pipe(v.array(question), v.maxLength(100_000)),
  }),
  v.object({ type: v.literal('turn'), turn }),
  v.object({ type: v.literal('turn-failed'), id, qid: id, round: positive, agent: count, role, error: failure }),
  v.object({ type: v.literal('decided'), vote }),
  v.object({
    type: v.literal('note'),
    at: stamp,
    note: v.picklist(['paused', 'resumed', 'engine-restarted', 'fell-back']),
    text: message,
    engine: v.optional(engine),
  }),
  v.object({ type: v.literal('run-finished'), at: stamp }),
]);

/** The first thing wrong with a value, as `path: reason`, for messages. */
export function issueText(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [first] = issues;
  const path = v.getDotPath(first);
  return `${path ? `${path}: ` : ''}${first.message}`.slice(0, 300);
}

/** @throws v.ValiError when the value is no event. */
export const parseRunEvent = (value: unknown): RunEvent => v.parse(runEventSchema, value, { abortEarly: true });
