// OpenAI-FT/1, the wire between the loop and a finetuning endpoint: what is read from any endpoint (lenient), and the types ours writes.
import * as v from 'valibot';

// Vendors leave out fields their own documentation requires, and write null where another writes nothing: only what cannot be
// guessed (an id, a status) must be there.
const text = (fallback: string) =>
  v.pipe(
    v.unknown(),
    v.transform((value): string => (typeof value === 'string' ? value : fallback)),
  );
const textOrNull = v.pipe(
  v.unknown(),
  v.transform((value): string | null => (typeof value === 'string' && value !== '' ? value : null)),
);
const numberOrNull = v.pipe(
  v.unknown(),
  v.transform((value): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)),
);
const numberOr = (fallback: number) =>
  v.pipe(
    numberOrNull,
    v.transform(value => value ?? fallback),
  );
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const record = v.pipe(
  v.unknown(),
  v.transform((value): Record<string, unknown> => (isRecord(value) ? value : {})),
);
const recordOrNull = v.pipe(
  v.unknown(),
  v.transform((value): Record<string, unknown> | null => (isRecord(value) ? value : null)),
);
const texts = v.pipe(
  v.unknown(),
  v.transform((value): string[] => (Array.isArray(value) ? value.filter(item => typeof item === 'string') : [])),
);
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(300));
/** A key that is missing is read as null, which the lenient readers turn into their fallback. */
const maybe = <S extends v.GenericSchema<unknown, unknown>>(schema: S) => v.optional(schema, null);

export const fileSchema = v.object({
  id,
  object: v.pipe(
    maybe(v.unknown()),
    v.transform((): 'file' => 'file'),
  ),
  bytes: maybe(numberOr(0)),
  created_at: maybe(numberOr(0)),
  filename: maybe(text('')),
  /** `fine-tune` or `fine-tune-results`. */
  purpose: maybe(text('')),
  status: maybe(text('processed')),
});
export type FileObject = v.InferOutput<typeof fileSchema>;

/** `{code: null, message: null}` is how OpenAI writes that nothing went wrong. */
const jobError = v.pipe(
  v.unknown(),
  v.transform((value): { code: string; message: string; param: string | null } | null => {
    if (typeof value === 'string' && value) return { code: 'error', message: value, param: null };
    if (!isRecord(value)) return null;
    const { code, message, param } = value;
    if (typeof code !== 'string' && typeof message !== 'string') return null;
    return {
      code: typeof code === 'string' && code ? code : 'error',
      message: typeof message === 'string' ? message : '',
      param: typeof param === 'string' ? param : null,
    };
  }),
);

export const jobSchema = v.object({
  id,
  object: v.pipe(
    maybe(v.unknown()),
    v.transform((): 'fine_tuning.job' => 'fine_tuning.job'),
  ),
  created_at: maybe(numberOr(0)),
  finished_at: maybe(numberOrNull),
  model: maybe(text('')),
  fine_tuned_model: maybe(textOrNull),
  organization_id: maybe(text('')),
  /** Any other word than those of `terminal` means: not finished. */
  status: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  training_file: maybe(text('')),
  validation_file: maybe(textOrNull),
  hyperparameters: maybe(record),
  method: maybe(recordOrNull),
  metadata: v.pipe(
    maybe(record),
    v.transform(pairs => Object.fromEntries(Object.entries(pairs).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))),
  ),
  seed: maybe(numberOrNull),
  trained_tokens: maybe(numberOrNull),
  result_files: maybe(texts),
  estimated_finish: maybe(numberOrNull),
  error: maybe(jobError),
});
export type JobObject = v.InferOutput<typeof jobSchema>;

export const eventSchema = v.object({
  id,
  object: v.pipe(
    maybe(v.unknown()),
    v.transform((): 'fine_tuning.job.event' => 'fine_tuning.job.event'),
  ),
  created_at: maybe(numberOr(0)),
  level: v.pipe(
    maybe(v.unknown()),
    v.transform((value): 'info' | 'warn' | 'error' => (value === 'warn' || value === 'error' ? value : 'info')),
  ),
  message: maybe(text('')),
  /** `message` or `metrics`. */
  type: maybe(text('message')),
  data: maybe(recordOrNull),
});
export type EventObject = v.InferOutput<typeof eventSchema>;

const metricNames = [
  ...(['step', 'train_loss', 'train_mean_token_accuracy', 'valid_loss', 'valid_mean_token_accuracy'] as const),
  ...(['full_valid_loss', 'full_valid_mean_token_accuracy'] as const),
] as const;
export type CheckpointMetrics = Partial<Record<(typeof metricNames)[number], number>>;

export const checkpointSchema = v.object({
  id,
  object: v.pipe(
    maybe(v.unknown()),
    v.transform((): 'fine_tuning.job.checkpoint' => 'fine_tuning.job.checkpoint'),
  ),
  created_at: maybe(numberOr(0)),
  fine_tuned_model_checkpoint: maybe(textOrNull),
  fine_tuning_job_id: maybe(text('')),
  step_number: maybe(numberOr(0)),
  metrics: v.pipe(
    maybe(record),
    v.transform((metrics): CheckpointMetrics =>
      Object.fromEntries(metricNames.flatMap(name => (Number.isFinite(metrics[name]) ? [[name, metrics[name] as number]] : []))),
    ),
  ),
  /** E1: ids of the files of this checkpoint. */
  result_files: maybe(texts),
});
export type CheckpointObject = v.InferOutput<typeof checkpointSchema>;

/** E5: what our endpoint says of a base it can train. */
export const tunerSchema = v.object({
  trainable: v.boolean(),
  hf_repo: v.nullable(v.string()),
  revision: v.nullable(v.string()),
  max_lora_r: v.number(),
  target_modules: v.array(v.string()),
  max_context: v.number(),
  methods: v.array(v.string()),
  engine: v.string(),
  /** How many jobs run side by side. */
  slots: v.optional(v.number()),
  parameters: v.optional(v.number()),
  /** Fewest rows that a job takes. */
  min_rows: v.fallback(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))), undefined),
  /** What training costs; a price of 0 says that it is free. */
  price: v.fallback(
    v.optional(v.object({ per_million_tokens: v.pipe(v.number(), v.minValue(0)), currency: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/)) })),
    undefined,
  ),
  /** Of: `lora`, `full`, `continue`, `adapter_files`, `events_sse`, `idempotency`, `validation`, `checkpoints`; ours: `seeded_rows`, updates see the rows that its `row-order.ts` draws. */
  features: v.array(v.string()),
});

export const modelSchema = v.object({
  id,
  object: v.pipe(
    maybe(v.unknown()),
    v.transform((): 'model' => 'model'),
  ),
  created: maybe(numberOr(0)),
  owned_by: maybe(text('')),
  /** Absent, or in a shape we do not know: plain behaviour. */
  tuner: v.fallback(v.optional(tunerSchema), undefined),
});
export type ModelObject = v.InferOutput<typeof modelSchema>;

export interface List<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  first_id?: string | null;
  last_id?: string | null;
}

/** `data: null` is an empty list, a missing `has_more` the last page. */
export const listOf = <T>(item: v.GenericSchema<unknown, T>) =>
  v.object({
    object: v.pipe(
      maybe(v.unknown()),
      v.transform((): 'list' => 'list'),
    ),
    data: v.pipe(
      v.nullish(v.array(item), []),
      v.transform((data): T[] => data ?? []),
    ),
    has_more: v.pipe(
      maybe(v.unknown()),
      v.transform(value => value === true),
    ),
    first_id: v.optional(v.nullable(v.string())),
    last_id: v.optional(v.nullable(v.string())),
  });

/** What a proxy says of the endpoint that it passes everything on to: the origin, and how to speak to it where that is known. */
const proxySchema = v.object({
  upstream: v.pipe(
    v.string(),
    v.maxLength(300),
    v.check(text => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)),
    v.transform(text => new URL(text).origin),
  ),
  profile: v.fallback(v.nullable(v.string()), null),
});

export const modelListSchema = v.object({
  ...listOf(modelSchema).entries,
  proxy: v.fallback(v.optional(proxySchema), undefined),
});
export type ModelList = v.InferOutput<typeof modelListSchema>;

/** Of files and models. */
export interface DeletedObject {
  id: string;
  object: 'file' | 'model';
  deleted: true;
}

export interface WireError {
  type: string;
  message: string;
  param: string | null;
  code: string | null;
}
export interface ErrorBody {
  error: WireError;
}

/** What an error reply says, whoever wrote it; null when its body says nothing we can read. */
export function readErrorBody(body: unknown): WireError | null {
  if (!isRecord(body)) return null;
  const inner = isRecord(body.error) ? body.error : body;
  const said = [inner.message, inner.detail, body.error].find((value): value is string => typeof value === 'string' && value !== '');
  if (said === undefined) return null;
  const string = (value: unknown) => (typeof value === 'string' && value ? value : null);
  return { type: string(inner.type) ?? 'error', message: said.slice(0, 2000), param: string(inner.param), code: string(inner.code) };
}

export type JobStatus = 'validating_files' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export const terminalStatuses: readonly string[] = ['succeeded', 'failed', 'cancelled'];
/** Final. An unknown status (`paused` stands undeclared in the vendor's own specification) is not. */
export const isTerminal = (status: string): boolean => terminalStatuses.includes(status);

/** `data` of a metrics event. */
export interface StepMetrics {
  step: number;
  total_steps: number | null;
  train_loss: number | null;
  train_mean_token_accuracy: number | null;
  valid_loss: number | null;
}

/** The metrics an event carries; null when it carries none. */
export function metricsOf({ data }: EventObject): StepMetrics | null {
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
  const step = number(data?.step);
  if (data === null || step === null) return null;
  return {
    step,
    total_steps: number(data.total_steps),
    train_loss: number(data.train_loss),
    train_mean_token_accuracy: number(data.train_mean_token_accuracy),
    valid_loss: number(data.valid_loss),
  };
}
