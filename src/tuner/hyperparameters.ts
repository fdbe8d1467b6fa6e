// From what a request asks to what will be done, with every "auto" decided and everything that cannot be honoured refused.
import * as v from 'valibot';
import { dpoHyperparametersSchema, hyperparametersSchema, loraHyperparameters, type AskedDpoHyperparameters } from '../finetune/wire-order';
import type { BaseModel, Hyperparameters, Method } from './engine';
import { ApiError } from './errors';
import { firstIssue } from './issues';
import { stepsOf } from './train/plan';

const refuse = (name: string, message: string): never => {
  throw new ApiError('unsupported_hyperparameter', message, name);
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * They may stand in three places: under the method, at the top level (as Nebius has it), and under the deprecated
 * `hyperparameters`; the first wins.
 * @throws ApiError `unsupported_hyperparameter` naming the first that is unknown or out of range
 */
export function askedHyperparameters(body: Record<string, unknown>, type: Method): AskedDpoHyperparameters {
  const { [type]: under } = isRecord(body.method) ? body.method : {};
  const method = isRecord(under) ? under.hyperparameters : null;
  const top = Object.fromEntries(Object.keys(loraHyperparameters).flatMap(name => (body[name] == null ? [] : [[name, body[name]]])));
  for (const [where, value] of [
    [`method.${type}.hyperparameters`, method],
    ['hyperparameters', body.hyperparameters],
  ] as const)
    if (value != null && !isRecord(value)) throw new ApiError('invalid_request', `${where} is not an object.`, where);
  const said = (part: unknown) => Object.entries(isRecord(part) ? part : {}).filter(([, value]) => value != null);
  const asked = Object.fromEntries([...said(body.hyperparameters), ...Object.entries(top), ...said(method)]);
  const schema: v.GenericSchema<unknown, AskedDpoHyperparameters> = type === 'dpo' ? dpoHyperparametersSchema : hyperparametersSchema;
  const parsed = v.safeParse(schema, asked);
  if (parsed.success) return parsed.output;
  const { param, message } = firstIssue(parsed.issues);
  return refuse(param ?? 'hyperparameters', message);
}

/** What one goes on from: rank and scale are those of the files. */
export type Inherited = Pick<Hyperparameters, 'lora' | 'lora_r' | 'lora_alpha'>;

const number = (asked: number | 'auto' | null | undefined, otherwise: number): number => (typeof asked === 'number' ? asked : otherwise);

/**
 * LoRA and full finetuning at the gentle end; per million parameters less would do, but a tuned default needs a measurement per model.
 * Preferences move a model further than their loss tells: one pass, at a quarter of the rate.
 */
const defaults = { rank: 16, alphaPerRank: 2, loraRate: 2e-4, fullRate: 1e-4, batch: 16, epochs: 3, decay: 0.01, norm: 1, warmup: 10 };
const ofDpo = { rate: 0.25, epochs: 1, beta: 0.1 };

/**
 * @param rows lines of the training file
 * @returns effective values, and the number of updates they mean
 */
export function resolveHyperparameters(
  asked: AskedDpoHyperparameters,
  base: BaseModel,
  inherited: Inherited | null,
  rows: number,
  type: Method = 'supervised',
): { hyperparameters: Hyperparameters; steps: number } {
  const lora = asked.lora ?? inherited?.lora ?? true;
  const rank = number(asked.lora_r, inherited?.lora_r ?? Math.min(defaults.rank, base.maxRank));
  const alpha = number(asked.lora_alpha, inherited?.lora_alpha ?? rank * defaults.alphaPerRank);
  if (inherited && lora !== inherited.lora)
    refuse('lora', `The model to go on from has ${inherited.lora ? 'an adapter' : 'full weights'}.`);
  if (lora && inherited?.lora && (rank !== inherited.lora_r || alpha !== inherited.lora_alpha))
    refuse('lora_r', `The adapter to go on from has rank ${inherited.lora_r} and alpha ${inherited.lora_alpha}.`);
  if (rank > base.maxRank) refuse('lora_r', `The rank of an adapter of ${base.id} is at most ${base.maxRank}.`);
  if (typeof asked.lora_dropout === 'number' && asked.lora_dropout !== 0) refuse('lora_dropout', 'Only a dropout of 0 is trained here.');
  const targets = asked.lora_target_modules;
  if (targets && [...targets].sort().join() !== [...base.targetModules].sort().join())
    refuse('lora_target_modules', `Adapters of ${base.id} cover exactly ${base.targetModules.join(', ')}.`);
  const context = number(asked.context_length, base.maxContext);
  if (context > base.maxContext) refuse('context_length', `The context of ${base.id} is ${base.maxContext} tokens.`);

  const batch = number(asked.batch_size, Math.max(1, Math.min(defaults.batch, rows)));
  const epochs = number(asked.n_epochs, type === 'dpo' ? ofDpo.epochs : defaults.epochs);
  const max = typeof asked.max_steps === 'number' ? asked.max_steps : null;
  const steps = Math.max(1, stepsOf(rows, { max_steps: max, n_epochs: epochs, batch_size: batch }));
  const usual = (lora ? defaults.loraRate : defaults.fullRate) * (type === 'dpo' ? ofDpo.rate : 1);
  const rate = usual * number(asked.learning_rate_multiplier, 1);
  const ratio = typeof asked.warmup_ratio === 'number' ? Math.round(asked.warmup_ratio * steps) : null;
  const schedule = asked.lr_scheduler_type ?? 'auto';
  return {
    steps,
    hyperparameters: {
      lora,
      lora_r: rank,
      lora_alpha: alpha,
      learning_rate: number(asked.learning_rate, rate),
      lr_scheduler_type: schedule === 'auto' ? 'linear' : schedule,
      warmup_steps: number(asked.warmup_steps, ratio ?? Math.min(defaults.warmup, Math.floor(steps / 10))),
      batch_size: batch,
      micro_batch_size: Math.min(batch, number(asked.micro_batch_size, batch)),
      n_epochs: epochs,
      max_steps: max,
      weight_decay: number(asked.weight_decay, defaults.decay),
      max_grad_norm: number(asked.max_grad_norm, defaults.norm),
      context_length: context,
      ...(type === 'dpo' ? { beta: number(asked.beta, ofDpo.beta) } : {}),
    },
  };
}
