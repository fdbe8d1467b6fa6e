// No silent success: what a trainer hands over must be readable by those who load it, and fit the base, before a job may say "succeeded".
import { AdapterError } from '../onnx/peft';
import { readSafetensors, SafetensorsError, toFloat32 } from '../onnx/safetensors';
import { fittingAdapter } from './adapter-fit';
import { TrainError, type BaseModel, type Files, type Hyperparameters } from './engine';

/** What is handed out, by basename; whatever else a trainer leaves behind stays here. */
export const publishedNames: readonly string[] = [
  ...['adapter_config.json', 'adapter_model.safetensors', 'config.json', 'model.safetensors', 'probe.json', 'step_metrics.csv'],
];

const invalid = (message: string): never => {
  throw new TrainError('invalid_result', message);
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function need(files: Files, name: string): Uint8Array<ArrayBuffer> {
  return files[name] ?? invalid(`the result lacks ${name}`);
}

function checkAdapter(files: Files, base: BaseModel, asked: Hyperparameters): void {
  const modules = fittingAdapter(text(need(files, 'adapter_config.json')), need(files, 'adapter_model.safetensors'), asked);
  for (const [path, { K, N }] of modules) {
    const shape = Object.hasOwn(base.shapes, `${path}.weight`) ? base.shapes[`${path}.weight`] : undefined;
    if (!shape) return invalid(`the adapter is for ${path}, which ${base.id} does not have`);
    if (shape[0] !== N || shape[1] !== K) return invalid(`the adapter of ${path} is ${N}×${K}, the layer ${shape.join('×')}`);
  }
}

function checkWeights(files: Files, base: BaseModel): void {
  const config: unknown = JSON.parse(text(need(files, 'config.json')));
  if (typeof config !== 'object' || config === null) invalid('config.json is not an object');
  const { tensors } = readSafetensors(need(files, 'model.safetensors'));
  for (const [name, shape] of Object.entries(base.shapes))
    if (tensors.get(name)?.shape.join() !== shape.join()) invalid(`the result has no ${name} of ${shape.join('×')}`);
  for (const [name, tensor] of tensors) {
    if (!Object.hasOwn(base.shapes, name)) invalid(`the result has ${name}, which ${base.id} does not have`);
    if (!toFloat32(tensor).every(Number.isFinite)) invalid(`${name} holds NaN or infinity`);
  }
}

/** @throws TrainError `invalid_result` saying what does not fit */
export function checkResult(files: Files, base: BaseModel, hyperparameters: Hyperparameters): void {
  try {
    if (hyperparameters.lora) checkAdapter(files, base, hyperparameters);
    else checkWeights(files, base);
  } catch (error) {
    if (!(error instanceof AdapterError || error instanceof SafetensorsError || error instanceof SyntaxError)) throw error;
    invalid(error.message);
  }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** A tuned model that predicts its own probe no better than the base is worth a word; null when it does, or there is no probe. */
export function probeWarning(files: Files): string | null {
  const probe = files['probe.json'];
  if (!probe) return null;
  try {
    const { rows, heldOut } = JSON.parse(text(probe)) as { rows: { base: number; tuned: number }[]; heldOut?: boolean };
    if (!rows.length) return null;
    const [base, tuned] = [mean(rows.map(row => row.base)), mean(rows.map(row => row.tuned))];
    if (!Number.isFinite(base) || !Number.isFinite(tuned)) return 'The losses of the probe are not numbers';
    if (tuned < base) return null;
    const kind = heldOut === undefined ? 'rows of its probe' : heldOut ? 'held-out rows' : 'training rows';
    return `The result is no better than the base on ${rows.length} ${kind}: ${tuned.toFixed(4)} against ${base.toFixed(4)} nats per token`;
  } catch {
    return invalid('probe.json cannot be read');
  }
}
