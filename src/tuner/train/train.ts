// A finetuning job from its first row to its result files, on whatever runtime it is given.
import { fewUpdates } from '../../finetune/updates';
import { llamaShapes, type LlamaConfig } from '../../onnx/llama';
import { initialAdapters } from '../../onnx/train/adapters';
import { makeBatch, type Batch } from '../../onnx/train/batch';
import { linearNames, type TrainOptions } from '../../onnx/train/options';
import type { Trainable } from '../../onnx/train/parameters';
import type { RuntimeTensor, TrainRuntime } from '../../onnx/train/runtime';
import { learningRate } from '../../onnx/train/schedule';
import { TrainStepper } from '../../onnx/train/stepper';
import { TrainError, type Files, type TrainJob, type TrainUpdate } from '../engine';
import type { Base } from './base';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import { readWeightFiles, weightFiles } from './files';
import { batchOrder, microBatches, stepsOf, tokensAtOnce } from './plan';
import { probeRows, probeWarning, writeProbe } from './probe';
import { uniform } from './random';
import { readRows, trainedTokens, type MaskedRow } from './rows';
import { writeStepMetrics, type StepMetrics } from './step-metrics';

export interface TrainHost<T extends RuntimeTensor = RuntimeTensor> {
  runtime: TrainRuntime<T>;
  /** Milliseconds. */
  now(): number;
  /** Lets the rest of the thread go on: messages, cancellation. */
  breathe(): Promise<void>;
  /** What activations and gradients of one pass may take; a larger batch is accumulated. */
  bytes: number;
}

/** Passes of this size train the built-in model fastest, by 15 to 20 % on onnxruntime-node and -web: more memory does not stay in the caches. */
export const passBytes = 128 << 20;

/**
 * @returns the result files: adapter or full weights, `probe.json`, `step_metrics.csv`
 * @throws TrainError, or `signal.reason` when aborted, which is looked at between updates
 */
export async function train<T extends RuntimeTensor>(
  host: TrainHost<T>,
  base: Base,
  job: TrainJob,
  on: (update: TrainUpdate) => void,
  signal: AbortSignal,
): Promise<Files> {
  const h = job.hyperparameters;
  const rules = { ...base.rules, longest: Math.min(h.context_length, base.context) };
  const rows = readRows(job.training, rules, 'training_file');
  const validation = job.validation ? readRows(job.validation, rules, 'validation_file') : [];
  const steps = stepsOf(rows.length, h);
  const longest = [...rows, ...validation].reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const limits = { rows: h.micro_batch_size, tokens: tokensAtOnce(base.config, longest, host.bytes) };
  signal.throwIfAborted();

  const options: TrainOptions = {
    mode: h.lora ? { r: h.lora_r, alpha: h.lora_alpha } : 'full',
    adamw: { decay: h.weight_decay },
    // Zero means no clipping, as elsewhere.
    maxNorm: h.max_grad_norm || Infinity,
  };
  const stepper = await createStepper(host, base, job, options);
  try {
    const nll = async (of: readonly MaskedRow[]): Promise<number[]> => {
      const losses: number[] = [];
      for (const row of of) losses.push((await stepper.evaluate(batchOf([row], base.pad))).nll[0]! / trainedTokens(row));
      return losses;
    };
    const { rows: probed, heldOut } = probeRows(rows, validation);
    // Before the job's own beginning is put in: the stepper still stands at the base.
    const baseNll = await nll(probed);
    const metrics = goOn(stepper, job);

    const sum = (of: (row: MaskedRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
    on({
      t: 'plan',
      rows: rows.length,
      tokens: sum(row => row.tokens.length),
      trained_tokens: sum(trainedTokens),
      steps,
      trained_parameters: stepper.trainables.reduce((total, { dims }) => total + dims.reduce((a, b) => a * b, 1), 0),
    });
    if (steps < fewUpdates)
      on({ t: 'warn', message: `Only ${steps} update${steps === 1 ? '' : 's'} will be made: hardly enough to change the model.` });

    const evaluate = async (): Promise<void> => {
      let [loss, targets, hits] = [0, 0, 0];
      for (const part of microBatches(validation, limits)) {
        const { nll: own, tokens, correct } = await stepper.evaluate(batchOf(part, base.pad));
        loss += own.reduce((a, b) => a + b, 0);
        targets += tokens;
        hits += correct;
        await host.breathe();
        signal.throwIfAborted();
      }
      on({ t: 'eval', step: stepper.steps, valid_loss: loss / targets, valid_mean_token_accuracy: hits / targets });
    };
    if (validation.length && stepper.steps === 0) await evaluate();

    const schedule = { kind: h.lr_scheduler_type, peak: h.learning_rate, warmup: h.warmup_steps };
    const order = batchOrder(rows.length, h, job.seed);
    for (let step = stepper.steps + 1; step <= steps; step++) {
      await host.breathe();
      signal.throwIfAborted();
      const batch = order(step).map(i => rows[i]!);
      const targets = batch.reduce((total, row) => total + trainedTokens(row), 0);
      const rate = learningRate(schedule, step - 1, steps);
      const start = host.now();
      const parts = microBatches(batch, limits).map(part => batchOf(part, base.pad, targets));
      const { loss, norm, correct } = await stepper.step(parts, { adamw: rate });
      const row: StepMetrics = {
        step,
        train_loss: loss,
        train_mean_token_accuracy: correct / targets,
        learning_rate: rate,
        grad_norm: norm,
        tokens: (metrics.at(-1)?.tokens ?? 0) + targets,
        ms: Math.round((host.now() - start) * 10) / 10,
      };
      metrics.push(row);
      on({ t: 'progress', total: steps, ...row });
      const isMilestone = step === steps || (job.checkpointEvery > 0 && step % job.checkpointEvery === 0);
      if (isMilestone && validation.length) await evaluate();
      if (isMilestone) on({ t: 'checkpoint', step, files: writeCheckpoint(stepper.exportState(), metrics, base, job) });
    }

    signal.throwIfAborted();
    const tunedNll = await nll(probed);
    const warning = probeWarning(baseNll, tunedNll, heldOut);
    if (warning) on({ t: 'warn', message: warning });
    return {
      ...weightFiles(stepper.exportWeights(), base, h),
      'probe.json': writeProbe(probed, heldOut, baseNll, tunedNll),
      'step_metrics.csv': writeStepMetrics(metrics),
    };
  } finally {
    await stepper.dispose();
  }
}

/** @param targets of the whole update, where these rows are a part of one */
const batchOf = (rows: readonly MaskedRow[], pad: number, targets?: number): Batch =>
  makeBatch(
    rows.map(({ tokens, mask }) => ({ ids: tokens, mask })),
    pad,
    targets,
  );

/** The adapters of all seven projections of every layer. */
const adaptersOf = (config: LlamaConfig, r: number): Trainable[] =>
  llamaShapes(config).flatMap(([name, dims]) => {
    if (!linearNames.some(linear => name.endsWith(`.${linear}.weight`))) return [];
    const path = name.slice(0, -'.weight'.length);
    const adapter = (side: string, shape: number[]): Trainable => ({
      name: `${path}.lora_${side}.weight`,
      dims: shape,
      optimiser: 'adamw',
      decay: 0,
    });
    return [adapter('A', [r, dims[1]!]), adapter('B', [dims[0]!, r])];
  });

/** A stepper that stands at the base: adapters start at nothing. */
function createStepper<T extends RuntimeTensor>(
  { runtime }: TrainHost<T>,
  { config, weights }: Base,
  { hyperparameters: { lora, lora_r }, seed }: TrainJob,
  options: TrainOptions,
): Promise<TrainStepper<T>> {
  const draw = uniform(seed, 'adapters');
  let index = 0;
  const adapters = lora ? initialAdapters(adaptersOf(config, lora_r), () => draw(index++)) : {};
  return TrainStepper.create(runtime, config, { ...weights, ...adapters }, options);
}

/** Puts the stepper where the job begins: at a checkpoint, at the model to go on from, or where it stands. @returns metrics of steps made before */
function goOn<T extends RuntimeTensor>(stepper: TrainStepper<T>, job: TrainJob): StepMetrics[] {
  try {
    if (job.resume) {
      const { state, metrics } = readCheckpoint(job.resume, job);
      stepper.importState(state);
      return metrics;
    }
    if (job.from) {
      const given = readWeightFiles(job.from, job.hyperparameters);
      const start = stepper.exportState();
      const missing = stepper.trainables.find(({ name }) => !(name in given));
      if (missing) throw new RangeError(`no tensor ${missing.name}`);
      stepper.importState({ step: 0, tensors: { ...start.tensors, ...given } });
    }
    return [];
  } catch (error) {
    if (error instanceof RangeError)
      throw new TrainError('invalid_result', `the model to go on from does not fit the base: ${error.message}`);
    throw error;
  }
}
