// What a finetuning endpoint may be asked (OpenAI-FT/1): strict, since a value that is misread trains the wrong thing for minutes.
import * as v from 'valibot';

const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
/** "auto" and null leave the choice to the endpoint, as leaving the field out does. */
const auto = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(v.union([v.literal('auto'), schema])));

/** E2, ours included. Each may stand in `method.supervised.hyperparameters` or, as Nebius has it, at the top level. */
export const loraHyperparameters = {
  lora: v.optional(v.nullable(v.boolean())),
  lora_r: auto(whole(1, 64)),
  lora_alpha: auto(v.pipe(positive, v.maxValue(1024))),
  lora_dropout: auto(v.pipe(notNegative, v.ltValue(1))),
  lora_target_modules: v.optional(v.nullable(v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(64)))),
  /** Absolute; wins over the multiplier. */
  learning_rate: auto(v.pipe(positive, v.maxValue(1))),
  lr_scheduler_type: auto(v.picklist(['constant', 'linear', 'cosine'])),
  warmup_steps: auto(whole(0, 100_000)),
  warmup_ratio: auto(v.pipe(notNegative, v.maxValue(1))),
  micro_batch_size: auto(whole(1, 256)),
  max_steps: auto(whole(1, 1_000_000)),
  weight_decay: auto(v.pipe(notNegative, v.maxValue(1))),
  /** 0 = no clipping. */
  max_grad_norm: auto(v.pipe(notNegative, v.maxValue(1000))),
  context_length: auto(whole(8, 1_000_000)),
};

export const hyperparametersSchema = v.strictObject({
  n_epochs: auto(whole(1, 50)),
  batch_size: auto(whole(1, 256)),
  learning_rate_multiplier: auto(v.pipe(positive, v.maxValue(1000))),
  ...loraHyperparameters,
});
export type AskedHyperparameters = v.InferOutput<typeof hyperparametersSchema>;

export const dpoHyperparametersSchema = v.strictObject({
  ...hyperparametersSchema.entries,
  beta: auto(v.pipe(positive, v.maxValue(2))),
});
export type AskedDpoHyperparameters = v.InferOutput<typeof dpoHyperparametersSchema>;

/** `hyperparameters` are checked apart, so that their errors carry their own code. */
const method = v.variant('type', [
  v.strictObject({
    type: v.literal('supervised'),
    supervised: v.optional(v.nullable(v.strictObject({ hyperparameters: v.optional(v.unknown()) }))),
  }),
  v.strictObject({ type: v.literal('dpo'), dpo: v.optional(v.nullable(v.strictObject({ hyperparameters: v.optional(v.unknown()) }))) }),
]);

const fileId = v.pipe(v.string(), v.regex(/^file-[A-Za-z0-9]{20,32}$/, 'is not the id of a file'));

export const createJobSchema = v.strictObject({
  model: v.pipe(v.string(), v.minLength(1), v.maxLength(300)),
  training_file: fileId,
  validation_file: v.optional(v.nullable(fileId)),
  suffix: v.optional(
    v.nullable(v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,64}$/, 'takes 1 to 64 letters, digits, dots, dashes and underscores'))),
  ),
  seed: v.optional(v.nullable(whole(0, 2_147_483_647))),
  metadata: v.optional(
    v.nullable(
      v.pipe(
        v.record(v.pipe(v.string(), v.maxLength(64)), v.pipe(v.string(), v.maxLength(512))),
        v.check(pairs => Object.keys(pairs).length <= 16, 'takes at most 16 pairs'),
      ),
    ),
  ),
  method: v.optional(v.nullable(method)),
  hyperparameters: v.optional(v.unknown()),
  integrations: v.optional(v.nullable(v.array(v.unknown()))),
  ...Object.fromEntries(Object.keys(loraHyperparameters).map(name => [name, v.optional(v.unknown())])),
});

/** The body the client sends. */
export interface CreateJobBody {
  model: string;
  training_file: string;
  validation_file?: string | null;
  suffix?: string;
  seed?: number;
  metadata?: Record<string, string>;
  method?:
    | { type: 'supervised'; supervised: { hyperparameters: AskedHyperparameters } }
    | { type: 'dpo'; dpo: { hyperparameters: AskedDpoHyperparameters } };
  /** Where a provider takes them top level. */
  [hyperparameter: string]: unknown;
}
