// What the built-in model is: shape, name, and how its weights begin.
import { llamaShapes, type LlamaConfig, type Weights } from '../../onnx/llama';
import { seededRandom } from '../../tasks/arithmetic/random';
import { vocabulary } from './vocabulary';

export const modelName = 'abacus';

export const config: LlamaConfig = {
  vocab: vocabulary.length,
  hidden: 128,
  layers: 4,
  heads: 4,
  kvHeads: 4,
  headDim: 32,
  ff: 384,
  eps: 1e-5,
  theta: 10000,
  maxPositions: 1024,
  tied: false,
};

export const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
export const parameters = (c: LlamaConfig): number => llamaShapes(c).reduce((sum, [, dims]) => sum + size(dims), 0);

/** Gaussian: 0.05 for the embedding, 0.7/√in for matrices, smaller by √(2·layers) where a residual branch ends; ones for norms. */
export function initialWeights(c: LlamaConfig, seed: string): Weights {
  const random = seededRandom(seed);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const deviation = (name: string, dims: readonly number[]): number => {
    if (name.includes('embed_tokens')) return 0.05;
    const ends = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
    return 0.7 / Math.sqrt(dims[1]! * (ends ? 2 * c.layers : 1));
  };
  return Object.fromEntries(
    llamaShapes(c).map(([name, dims]) => {
      const std = dims.length > 1 ? deviation(name, dims) : 0;
      return [name, { dims, data: Float32Array.from({ length: size(dims) }, () => (dims.length > 1 ? std * gauss() : 1)) }];
    }),
  );
}
