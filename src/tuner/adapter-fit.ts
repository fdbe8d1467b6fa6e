// An adapter is what was ordered, or it is not taken: rank, alpha, and α/r as the scale of every module, since that is what is trained on.
import { AdapterError, readAdapter, type AdapterModule } from '../onnx/peft';
import { parsePeftConfig } from '../onnx/peft-config';
import type { Hyperparameters } from './engine';

/**
 * @returns its modules by path
 * @throws AdapterError when it cannot be read, or has another rank or scale than asked for: by its numbers, by patterns, or by rank-stabilising
 */
export function fittingAdapter(
  config: string,
  tensors: Uint8Array,
  { lora_r, lora_alpha }: Pick<Hyperparameters, 'lora_r' | 'lora_alpha'>,
): ReadonlyMap<string, AdapterModule> {
  const { modules } = readAdapter(config, tensors);
  for (const [path, { rank }] of modules)
    if (rank !== lora_r) throw new AdapterError(`the adapter of ${path} has rank ${rank}, and rank ${lora_r} was asked for`);
  const alpha = (JSON.parse(config) as { lora_alpha?: unknown }).lora_alpha ?? 8;
  if (alpha !== lora_alpha) throw new AdapterError(`the adapter has alpha ${String(alpha)}, and ${lora_alpha} was asked for`);
  const { scaleOf } = parsePeftConfig(config);
  for (const path of modules.keys())
    if (scaleOf(path) !== lora_alpha / lora_r)
      throw new AdapterError(
        `the adapter of ${path} is scaled by ${scaleOf(path)} instead of alpha/rank, ${lora_alpha / lora_r}: no use_rslora, no alpha_pattern`,
      );
  return modules;
}
