// A checkpoint: the weights as result files hold them, and beside them what only the trainer needs to go on as if nothing had happened.
import { writeSafetensors } from '../../onnx/safetensors';
import type { TrainState } from '../../onnx/train/stepper';
import { TrainError, type Files, type TrainJob } from '../engine';
import type { Base } from './base';
import { asTensors, fromUtf8, readTensors, readWeightFiles, utf8, weightFiles } from './files';
import { readStepMetrics, writeStepMetrics, type StepMetrics } from './step-metrics';

/** `checkpoint.json`. The order of rows is a function of seed and step, so there is no generator to keep. */
interface Header {
  schema: 1;
  step: number;
  seed: number;
}

const isMoment = (name: string): boolean => /\/[mv]$/.test(name);

export function writeCheckpoint(state: TrainState, metrics: readonly StepMetrics[], base: Base, job: TrainJob): Files {
  const pick = (moments: boolean) => Object.fromEntries(Object.entries(state.tensors).filter(([name]) => isMoment(name) === moments));
  const header: Header = { schema: 1, step: state.step, seed: job.seed };
  return {
    ...weightFiles(pick(false), base, job.hyperparameters),
    'moments.safetensors': writeSafetensors(asTensors(pick(true))),
    'checkpoint.json': utf8(JSON.stringify(header)),
    'step_metrics.csv': writeStepMetrics(metrics),
  };
}

/** @throws TrainError `invalid_result` when it is damaged or belongs to another job */
export function readCheckpoint(files: Files, job: TrainJob): { state: TrainState; metrics: StepMetrics[] } {
  const [header, csv] = [files['checkpoint.json'], files['step_metrics.csv']];
  if (!header || !csv) throw new TrainError('invalid_result', 'the checkpoint lacks checkpoint.json or step_metrics.csv');
  const { schema, step, seed } = JSON.parse(fromUtf8(header)) as Header;
  if (schema !== 1 || seed !== job.seed) throw new TrainError('invalid_result', 'the checkpoint belongs to another job');
  const tensors = { ...readWeightFiles(files, job.hyperparameters), ...readTensors(files, 'moments.safetensors') };
  return { state: { step, tensors }, metrics: readStepMetrics(csv).slice(0, step) };
}
