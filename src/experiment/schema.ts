// The runtime twin of `records.ts`: every loop event from a file or the database passes this once. Unknown fields are dropped.
import * as v from 'valibot';
import type { AgentName } from '../datasets/records';
import { datasetConfigSchema, setRowSchema } from '../datasets/schema';
import { config as debate, count, engine, fraction, id, line, message, positive, question, short, stamp } from '../debate/schema';
import { societies, type LoopConfig, type LoopEvent } from './records';
import { trainSettingsSchema } from './train-settings';

// Names of agents, adapters and sets become file names and object keys: only what they can really look like passes.
const agent = v.custom<AgentName>(
  value => typeof value === 'string' && /^(?:generator|critic)_[1-9]\d{0,3}$/.test(value),
  'not the name of an agent',
);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not a sha256'));
const adapter = v.pipe(id, v.regex(/^(?!.*\.\.)[\w.:/-]+$/, 'not the name of an adapter'));
const finite = v.pipe(v.number(), v.finite());
const amount = v.pipe(finite, v.minValue(0));
const seed = v.pipe(v.number(), v.safeInteger());
const iteration = v.pipe(count, v.maxValue(10_000));
/** A diverged loss is no number, and JSON writes it as null: the record of a failure is not refused for that. */
const loss = v.pipe(
  v.nullable(v.number()),
  v.transform(value => value ?? Number.NaN),
);

export const loopConfigSchema = v.object({
  schema: v.literal(1),
  preset: short,
  debate,
  iterations: v.pipe(positive, v.maxValue(1000)),
  trainQuestions: v.pipe(positive, v.maxValue(100_000)),
  evalQuestions: v.pipe(positive, v.maxValue(100_000)),
  questions: v.picklist(['fixed', 'resample']),
  startFrom: v.picklist(['previous', 'base']),
  datasets: datasetConfigSchema,
  training: v.object({ generator: trainSettingsSchema, critic: trainSettingsSchema }),
  society: v.optional(v.picklist(societies)),
  nllQuestions: count,
  validationRows: count,
  seed,
  onFailure: v.optional(v.picklist(['stop', 'keep'])),
});

const share = v.object({ k: count, n: count, share: fraction, low: fraction, high: fraction });
const accuracy = v.object({ ...share.entries, unanswered: count });
const bound = v.optional(v.nullable(finite));
const mean = v.object({ mean: v.nullable(finite), n: count, low: bound, high: bound });
const pair = v.tuple([mean, mean]);
const nllRow = v.object({ qid: id, own: v.nullable(finite), cross: v.nullable(finite) });

const audit = v.object({
  accepted: share,
  right: share,
  votes: v.pipe(v.array(count), v.maxLength(1001)),
  unparsed: share,
  wrongRows: v.pipe(
    v.record(agent, share),
    v.transform(shares => shares as Record<AgentName, v.InferOutput<typeof share>>),
  ),
});

const measures = v.object({
  questions: count,
  generator: accuracy,
  majority: accuracy,
  critic: accuracy,
  debate: accuracy,
  consensus: pair,
  uniqueAnswers: pair,
  uniqueStrategies: pair,
  distance: mean,
  nll: v.nullable(v.object({ own: mean, cross: mean, rows: v.optional(v.pipe(v.array(nllRow), v.maxLength(100_000))) })),
  calls: count,
  newTokens: count,
});

const kept = { adapter, kind: v.picklist(['lora', 'full']), bytes: count, sha256 };
const losses = v.pipe(v.array(loss), v.maxLength(1_000_000));

export const loopEventSchema = v.variant('type', [
  v.object({
    type: v.literal('loop-started'),
    schema: v.literal(1),
    loop: adapter,
    at: stamp,
    title: line,
    app: short,
    config: loopConfigSchema,
    engine,
    endpoint: v.object({ kind: v.picklist(['page', 'server', 'url', 'process', 'export']), origin: line }),
    train: v.pipe(v.array(question), v.maxLength(100_000)),
    evaluate: v.pipe(v.array(question), v.maxLength(100_000)),
  }),
  v.object({
    type: v.literal('debated'),
    iteration,
    purpose: v.picklist(['train', 'evaluate']),
    run: id,
    calls: count,
    newTokens: count,
    ms: amount,
    at: stamp,
  }),
  v.object({
    type: v.literal('collected'),
    iteration,
    sets: v.pipe(v.array(setRowSchema), v.maxLength(2000)),
    audit: v.nullable(audit),
    at: stamp,
  }),
  v.object({ type: v.literal('job-created'), iteration, agent, job: short, at: stamp }),
  v.object({
    type: v.literal('job-ended'),
    iteration,
    agent,
    job: v.nullable(short),
    outcome: v.picklist(['succeeded', 'failed', 'skipped']),
    reason: v.nullable(message),
    model: v.nullable(line),
    losses,
    validation: v.pipe(v.array(v.object({ step: count, loss })), v.maxLength(100_000)),
    trainedTokens: count,
    trainedParameters: count,
    warnings: v.pipe(v.array(message), v.maxLength(1000)),
    ms: amount,
    at: stamp,
    rows: v.optional(v.object({ trained: count, heldOut: count, minus: v.optional(count), seeded: v.optional(v.literal(true)) })),
    kept: v.optional(v.object(kept)),
  }),
  v.object({
    type: v.literal('adopted'),
    iteration,
    agent,
    ...kept,
    dataset: sha256,
    probe: v.nullable(
      v.object({
        deviation: finite,
        bound: finite,
        passed: v.boolean(),
        reason: v.nullable(message),
        otherBase: v.optional(v.literal(true)),
      }),
    ),
    at: stamp,
  }),
  v.object({ type: v.literal('measured'), iteration, run: id, measures, ms: amount, at: stamp }),
  v.object({ type: v.literal('note'), note: v.picklist(['paused', 'resumed', 'warning']), text: message, at: stamp }),
  v.object({ type: v.literal('loop-finished'), at: stamp }),
]);

/** @throws v.ValiError when the value is no event */
export const parseLoopEvent = (value: unknown): LoopEvent => v.parse(loopEventSchema, value, { abortEarly: true });

/** @throws v.ValiError when the value is no configuration of a loop */
export const parseLoopConfig = (value: unknown): LoopConfig => v.parse(loopConfigSchema, value, { abortEarly: true });
