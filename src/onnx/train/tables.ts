// The two tables a training step is fed, because T is known only when a batch is.
import type { LlamaConfig } from '../llama-shapes';
import { rotaryFrequencies } from '../rotary';

/**
 * cos and sin of position × frequency, [length, headDim / 2]; and the additive causal mask [length, length]: 0 on and below the diagonal,
 * −1e9 above it (not −∞, which turns a fully masked row into NaN).
 */
export function attentionTables(
  length: number,
  config: Pick<LlamaConfig, 'headDim' | 'theta' | 'rope'>,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer>; mask: Float32Array<ArrayBuffer> } {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const angles = Float64Array.from({ length: length * half }, (_, i) => Math.floor(i / half) * frequencies[i % half]!);
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-1e9, row * length + row + 1, (row + 1) * length);
  return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin), mask };
}
