// An order as the wire has it.
import type { TrainSettings, TuneOrder } from '../datasets/order';
import type { Profile } from './profile';
import { updatesOf } from './updates';
import type { AskedHyperparameters, CreateJobBody } from './wire-order';

/** The wire's seeds have 31 bits. */
export const seedOnWire = (seed: number): number => seed % 2 ** 31;

/** @param rows of the training file; providers that know no steps are told passes over them */
export function hyperparametersOf(settings: TrainSettings, rows: number, profile: Profile): AskedHyperparameters {
  const steps = updatesOf(rows, settings);
  const passes = settings.epochs ?? Math.max(1, Math.round((steps * settings.batchSize) / Math.max(1, rows)));
  // Its learning rate is its own: a multiplier of a rate that nobody tells says nothing.
  if (profile.takes === 'few') return { n_epochs: Math.min(50, passes), batch_size: settings.batchSize };
  const lora = settings.method === 'lora';
  const common: AskedHyperparameters = {
    lora,
    ...(lora ? { lora_r: settings.rank, lora_alpha: settings.alpha } : {}),
    learning_rate: settings.learningRate,
    batch_size: settings.batchSize,
    weight_decay: settings.weightDecay,
    max_grad_norm: settings.maxGradNorm,
  };
  if (profile.takes === 'all') {
    return {
      ...common,
      lr_scheduler_type: settings.schedule,
      warmup_steps: settings.warmupSteps,
      ...(settings.steps === null ? { n_epochs: settings.epochs ?? 1 } : { max_steps: settings.steps }),
    };
  }
  return {
    ...common,
    n_epochs: passes,
    warmup_ratio: steps > 0 ? Math.min(1, settings.warmupSteps / steps) : 0,
  };
}

export interface SentFiles {
  training: string;
  validation: string | null;
}

/** @param app name and version of this program */
export function jobBody(order: TuneOrder, files: SentFiles, rows: number, profile: Profile, app: string): CreateJobBody {
  const asked = hyperparametersOf(order.settings, rows, profile);
  const { method, ...rest } = {
    model: order.from ?? order.base,
    training_file: files.training,
    ...(files.validation === null ? {} : { validation_file: files.validation }),
    suffix: `${order.agent}-it${order.iteration}`,
    seed: seedOnWire(order.seed),
    metadata: metadataOf(order, app),
    method: methodOf(order, profile.hyperparameters === 'method' ? asked : {}),
  };
  if (profile.hyperparameters === 'method') return { ...rest, method };
  return order.preferences ? { ...rest, ...asked, method } : { ...rest, ...asked };
}

function methodOf({ preferences }: TuneOrder, asked: AskedHyperparameters): NonNullable<CreateJobBody['method']> {
  if (!preferences) return { type: 'supervised', supervised: { hyperparameters: asked } };
  return { type: 'dpo', dpo: { hyperparameters: { ...asked, ...(preferences.beta === null ? {} : { beta: preferences.beta }) } } };
}

/** What makes the job findable again where idempotency keys are not honoured: `run`, `agent` and `iteration` name it. */
export const metadataOf = (order: TuneOrder, app: string): Record<string, string> => ({
  run: order.loop,
  agent: order.agent,
  role: order.role,
  iteration: String(order.iteration),
  dataset_sha256: order.datasetHash,
  app,
});
