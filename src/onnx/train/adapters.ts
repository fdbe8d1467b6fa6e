// Starting values of adapters. Randomness comes in as an argument: uniform in [0, 1).
import type { Weights } from '../llama-shapes';
import type { Trainable } from './parameters';

/** A ~ U(±1/√in) and B = 0, as PEFT does: the first forward pass is the base model's. */
export function initialAdapters(trainables: readonly Trainable[], random: () => number): Weights {
  return Object.fromEntries(
    trainables.map(({ name, dims }) => {
      const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
      const bound = 1 / Math.sqrt(dims[1]!);
      return [name, { dims, data: name.endsWith('.lora_A.weight') ? data.map(() => bound * (2 * random() - 1)) : data }];
    }),
  );
}
