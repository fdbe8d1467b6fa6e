// Rotary frequencies: one list for training and inference, so that both turn queries and keys by the same angles.
import type { LlamaConfig } from './llama-shapes';

/**
 * Radians per position of each of the headDim / 2 pairs: θ^(−2i/headDim). With Llama 3's scaling, waves longer than `originalPositions /
 * lowFreqFactor` are stretched by `factor`, those shorter than `originalPositions / highFreqFactor` left alone, and between them it blends.
 */
export function rotaryFrequencies({ headDim, theta, rope }: Pick<LlamaConfig, 'headDim' | 'theta' | 'rope'>): Float64Array {
  const half = headDim / 2;
  return Float64Array.from({ length: half }, (_, i) => {
    const plain = theta ** (-i / half);
    if (!rope) return plain;
    const waves = (rope.originalPositions * plain) / (2 * Math.PI);
    const blend = Math.min(1, Math.max(0, (waves - rope.lowFreqFactor) / (rope.highFreqFactor - rope.lowFreqFactor)));
    return ((1 - blend) * plain) / rope.factor + blend * plain;
  });
}
