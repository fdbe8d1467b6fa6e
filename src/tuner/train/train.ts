// A finetuning job from its first row to its result files, on whatever runtime it is given.
import { fewUpdates } from '../../finetune/updates';
import { llamaShapes, type LlamaConfig } from '../../onnx/llama';
import { initialAdapters } from '../../onnx/train/adapters';
import { linearNames, type TrainOptions } from '../../onnx/train/options';
import type { Trainable } from '../../onnx/train/parameters';
import type { RuntimeTensor, TrainRuntime } from '../../onnx/train/runtime';
import { learningRate } from '../../onnx/train/schedule';
import { TrainStepper } from '../../onnx/train/stepper';
import { TrainError, type Files, type TrainJob, type TrainUpdate } from '../engine';
import { batchOrder } from '../row-order';
import type { Base } from './base';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import { readWeightFiles, weightFiles } from './files';
import { preferences } from './dpo';
import { batchOf, type Bench } from './objective';
import { stepsOf, tokensAtOnce } from './plan';
import { writeProbe } from './probe';
import { uniform } from './random';
import { trainedTokens, type MaskedRow } from './rows';
import { writeStepMetrics, type StepMetrics } from './step-metrics';
import { supervised } from './supervised';

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
  const objective =
    h.beta === undefined ? supervised(job.training, job.validation, rules) : preferences(job.training, job.validation, rules, h.beta, on);
  const { texts, probe } = objective;
  const steps = stepsOf(objective.size, h);
  signal.throwIfAborted();

  const options: TrainOptions = {
    mode: h.lora ? { r: h.lora_r, alpha: h.lora_alpha } : 'full',
    adamw: { decay: h.weight_decay },
    // Zero means no clipping, as elsewhere.
    maxNorm: h.max_grad_norm || Infinity,
  };
  const stepper = await createStepper(host, base, job, options);
  try {
    const bench: Bench = {
      stepper,
      limits: { rows: h.micro_batch_size, tokens: tokensAtOnce(base.config, objective.longest, host.bytes) },
      pad: base.pad,
      async breathe() {
        await host.breathe();
        signal.throwIfAborted();
      },
    };
    const nll = async (of: readonly MaskedRow[]): Promise<number[]> => {
      const losses: number[] = [];
      for (const row of of) losses.push((await stepper.evaluate(batchOf([row], base.pad))).nll[0]! / trainedTokens(row));
      return losses;
    };
    // Before the job's own beginning is put in: the stepper still stands at the base.
    const baseNll = await nll(probe.rows);

    const sum = (of: (row: MaskedRow) => number): number => texts.reduce((total, row) => total + of(row), 0);
    on({
      t: 'plan',
      rows: objective.size,
      tokens: sum(row => row.tokens.length),
      trained_tokens: sum(trainedTokens),
      steps,
      trained_parameters: stepper.trainables.reduce((total, { dims }) => total + dims.reduce((a, b) => a * b, 1), 0),
    });
    if (steps < fewUpdates) on({ t: 'warn', message: `Only ${steps} update${steps === 1 ? '' : 's'}: hardly enough to change the model.` });

    begin(stepper, job);
    await objective.begin(bench);
    const metrics = goOn(stepper, job);

    const evaluate = async (): Promise<void> => {
      const { loss, accuracy, ...preference } = await objective.validate(bench);
      on({ t: 'eval', step: stepper.steps, valid_loss: loss, valid_mean_token_accuracy: accuracy, ...preference });
    };
    if (objective.validates && stepper.steps === 0) await evaluate();

    const schedule = { kind: h.lr_scheduler_type, peak: h.learning_rate, warmup: h.warmup_steps };
    const order = batchOrder(objective.size, h, job.seed);
    for (let step = stepper.steps + 1; step <= steps; step++) {
      await bench.breathe();
      const rate = learningRate(schedule, step - 1, steps);
      const start = host.now();
      const { loss, norm, accuracy, targets, ...preference } = await objective.update(bench, order(step), rate);
      const row: StepMetrics = {
        step,
        train_loss: loss,
        train_mean_token_accuracy: accuracy,
        learning_rate: rate,
        grad_norm: norm,
        tokens: (metrics.at(-1)?.tokens ?? 0) + targets,
        ms: Math.round((host.now() - start) * 10) / 10,
        ...preference,
      };
      metrics.push(row);
      on({ t: 'progress', total: steps, ...row });
      const isMilestone = step === steps || (job.checkpointEvery > 0 && step % job.checkpointEvery === 0);
      if (isMilestone && objective.validates) await evaluate();
      if (isMilestone) on({ t: 'checkpoint', step, files: writeCheckpoint(stepper.exportState(), metrics, base, job) });
    }

    signal.throwIfAborted();
    const tunedNll = await nll(probe.rows);
    const warning = objective.warning(baseNll, tunedNll);
    if (warning) on({ t: 'warn', message: warning });
    return {
      ...weightFiles(stepper.exportWeights(), base, h),
      'probe.json': writeProbe(probe.rows, probe.heldOut, baseNll, tunedNll),
      'step_metrics.csv': writeStepMetrics(metrics),
    };
  } finally {
    await stepper.dispose();
  }
}

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

/** Puts the stepper where the job begins: at the model to go on from, or where it stands. */
function begin<T extends RuntimeTensor>(stepper: TrainStepper<T>, job: TrainJob): void {
  const { from } = job;
  if (!from) return;
  fitting(() => {
    const given = readWeightFiles(from, job.hyperparameters);
    const start = stepper.exportState();
    const missing = stepper.trainables.find(({ name }) => !(name in given));
    if (missing) throw new RangeError(`no tensor ${missing.name}`);
    stepper.importState({ step: 0, tensors: { ...start.tensors, ...given } });
  });
}

/** Puts the stepper where an interrupted run left off. @returns metrics of the steps made before */
function goOn<T extends RuntimeTensor>(stepper: TrainStepper<T>, job: TrainJob): StepMetrics[] {
  const { resume } = job;
  if (!resume) return [];
  return fitting(() => {
    const { state, metrics } = readCheckpoint(resume, job);
    stepper.importState(state);
    return metrics;
  });
}

function fitting<R>(put: () => R): R {
  try {
    return put();
  } catch (error) {
    if (error instanceof RangeError)
      throw new TrainError('invalid_result', `the model to go on from does not fit the base: ${error.message}`);
    throw error;
  }
}
