// Small training runs that torch repeats, of every family in both modes. Numbers are drawn here, so that both sides start from the same ones.
import type { LlamaConfig, Weights } from '../../llama-shapes';
import { initialAdapters } from '../adapters';
import { makeBatch, microBatches, type Batch, type TrainRow } from '../batch';
import { emitTrainStep } from '../emit';
import { drawn, randomWeights, seeded, tiny } from '../fixture';
import type { TrainOptions } from '../options';
import { learningRate } from '../schedule';

export interface Case {
  name: string;
  config: LlamaConfig;
  options: TrainOptions;
  weights: Weights;
  /** One per step. */
  whole: Batch[];
  /** The same rows in parts. */
  parts: Batch[][];
  rates: number[];
}

export const families: Record<string, LlamaConfig> = {
  llama: { ...tiny, kvHeads: 2 },
  'llama 3': {
    ...{ ...tiny, kvHeads: 1, headDim: 6, biases: 'qkvo', theta: 1000 },
    rope: { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 16 },
  },
  qwen2: { ...tiny, kvHeads: 2, biases: 'qkv', tied: true },
  qwen3: { ...tiny, kvHeads: 2, headDim: 8, qkNorm: true, tied: true },
};
const modes: Record<string, TrainOptions> = { full: { mode: 'full' }, lora: { mode: { r: 3, alpha: 6 } } };
const STEPS = 4;

/** Rows of any length with answers of several turns. */
function rows(random: () => number, vocab: number, count: number): TrainRow[] {
  return Array.from({ length: count }, () => {
    const length = 4 + Math.floor(random() * 6);
    const ids = Array.from({ length }, () => Math.floor(random() * vocab));
    const mask = ids.map(() => Number(random() < 0.5));
    mask[length - 1] = 1;
    return { ids, mask };
  });
}

export function cases(): Case[] {
  return Object.entries(families).flatMap(([family, config]) =>
    Object.entries(modes).map(([mode, options]): Case => {
      const random = seeded(31);
      const weights = randomWeights(config, random);
      if (options.mode !== 'full') {
        const { trainables } = emitTrainStep(config, weights, options);
        Object.assign(weights, initialAdapters(trainables, random));
        // B away from zero, or A would have no gradient at first.
        for (const { name, dims } of trainables) if (name.endsWith('lora_B.weight')) weights[name] = drawn(dims, random, 0.3);
      }
      const steps = Array.from({ length: STEPS }, () => rows(random, config.vocab, 5));
      return {
        name: `${family}, ${mode}`,
        ...{ config, options, weights },
        whole: steps.map(r => makeBatch(r, 0)),
        parts: steps.map(r => microBatches(r, 2, 0)),
        rates: steps.map((_, i) => learningRate({ kind: 'cosine', peak: 0.02, warmup: 1 }, i, STEPS)),
      };
    }),
  );
}
