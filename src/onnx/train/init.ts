// Starting values. Randomness comes in as an argument: uniform in [0, 1).
import { llamaShapes, type LlamaConfig, type Weights } from '../llama';
import type { Trainable } from './parameters';

const filled = (dims: number[], value: () => number) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, value),
});

/** A ~ U(±1/√in) and B = 0, as PEFT does: the first forward pass is the base model's. */
export function initialAdapters(trainables: readonly Trainable[], random: () => number): Weights {
  return Object.fromEntries(
    trainables.map(({ name, dims }) => {
      const bound = 1 / Math.sqrt(dims[1]!);
      return [name, filled(dims, name.endsWith('.lora_A.weight') ? () => (2 * random() - 1) * bound : () => 0)];
    }),
  );
}

/**
 * A model to pretrain: norms 1, matrices U(±√3·σ) with σ = 0.02 for the embedding, 1/√in for the rest, and the two that write to the
 * residual stream smaller by √(2·layers), so that its variance does not grow with depth (Radford et al. 2019).
 */
export function initialWeights(config: LlamaConfig, random: () => number): Weights {
  return Object.fromEntries(
    llamaShapes(config).map(([name, dims]) => {
      if (dims.length === 1) return [name, filled(dims, () => 1)];
      const deviation = name === 'model.embed_tokens.weight' ? 0.02 : 1 / Math.sqrt(dims[1]!);
      const shrink = /\.(o_proj|down_proj)\.weight$/.test(name) ? 1 / Math.sqrt(2 * config.layers) : 1;
      return [name, filled(dims, () => (2 * random() - 1) * Math.sqrt(3) * deviation * shrink)];
    }),
  );
}
