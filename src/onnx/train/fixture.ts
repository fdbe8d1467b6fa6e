// A model small enough for finite differences, and seeded numbers; for the tests of this folder.
import { llamaShapes, type LlamaConfig, type Weights } from '../llama-shapes';
import type { Batch } from './batch';

export const tiny: LlamaConfig = {
  vocab: 23,
  hidden: 16,
  layers: 2,
  heads: 4,
  kvHeads: 4,
  headDim: 4,
  ff: 24,
  eps: 1e-5,
  theta: 10000,
  maxPositions: 64,
  tied: false,
};

export const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Uniform in [0, 1). */
export function seeded(seed: number): () => number {
  return () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
}

export const drawn = (dims: number[], random: () => number, spread: number, centre = 0) => ({
  dims,
  data: Float32Array.from({ length: sizeOf(dims) }, () => centre + spread * (2 * random() - 1)),
});

/** Larger than a real initialisation, so that every derivative is well above rounding. */
export const randomWeights = (config: LlamaConfig, random: () => number): Weights =>
  Object.fromEntries(
    llamaShapes(config).map(([name, dims]) => [
      name,
      dims.length === 1 ? drawn(dims, random, 0.5, name.endsWith('.bias') ? 0 : 1) : drawn(dims, random, 0.4),
    ]),
  );

export function randomBatch(config: LlamaConfig, random: () => number, rows: number, length: number, weight: (i: number) => number): Batch {
  const tokens = () => BigInt64Array.from({ length: rows * length }, () => BigInt(Math.floor(random() * config.vocab)));
  return { rows, length, ids: tokens(), targets: tokens(), weights: Float32Array.from({ length: rows * length }, (_, i) => weight(i)) };
}
