// The weights of a checkpoint folder: one `model.safetensors`, or the shards that `model.safetensors.index.json` names.
import { llamaShapes, weightOf, type LlamaConfig, type Weights } from './llama-shapes';
import { readSafetensors, SafetensorsError, toFloat32 } from './safetensors';

/** Content of a file of the folder; undefined when there is none of that name. */
export type FileReader = (name: string) => Promise<Uint8Array | undefined>;

/** The folder does not hold the weights its config asks for; the message names file or tensor. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** Stored by old exporters, and computed anyway. */
const derived = /\.rotary_emb\.inv_freq$/;

/** Shard → tensors it must hold. */
function parseIndex(bytes: Uint8Array): Map<string, Set<string>> {
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CheckpointError(`${INDEX} is not JSON`, { cause: error });
  }
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null) throw new CheckpointError(`${INDEX} has no weight_map`);
  const shards = new Map<string, Set<string>>();
  for (const [tensor, shard] of Object.entries(map)) {
    // A name in a file is not a path: it must not lead out of the folder.
    if (typeof shard !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(shard))
      throw new CheckpointError(`${INDEX} puts ${tensor} into ${JSON.stringify(shard)}`);
    const tensors = shards.get(shard);
    if (tensors) tensors.add(tensor);
    else shards.set(shard, new Set([tensor]));
  }
  return shards;
}

/**
 * Every tensor of `config` as float32, from F32, F16 or BF16, one shard in memory at a time.
 * @throws CheckpointError when a file is missing or damaged, or a tensor is missing, has another shape, is not finite, or has no place in
 *   the model: what is not understood is not dropped
 */
export async function readModelWeights(config: LlamaConfig, read: FileReader): Promise<Weights> {
  const shapes = new Map(llamaShapes(config));
  const index = await read(INDEX);
  const shards = index ? parseIndex(index) : new Map([[SINGLE, undefined]]);
  const weights: Weights = {};
  for (const [shard, expected] of shards) {
    const bytes = await read(shard);
    if (!bytes) throw new CheckpointError(index ? `${shard} is missing` : `there is neither ${SINGLE} nor ${INDEX}`);
    try {
      const { tensors } = readSafetensors(bytes);
      for (const name of expected ?? []) if (!tensors.has(name)) throw new CheckpointError(`${shard} lacks ${name}`);
      for (const [name, tensor] of tensors) {
        const dims = shapes.get(name);
        if (!dims) {
          // Tied checkpoints may hold the head again; it is the embedding.
          if (derived.test(name) || (config.tied && name === 'lm_head.weight')) continue;
          throw new CheckpointError(`${name} has no place in this model`);
        }
        if (weights[name]) throw new CheckpointError(`${name} is stored twice`);
        weights[name] = weightOf({ [name]: { dims: tensor.shape, data: toFloat32(tensor) } }, name, dims);
        if (!weights[name].data.every(Number.isFinite)) throw new CheckpointError(`${name} holds NaN or infinity`);
      }
    } catch (error) {
      if (error instanceof SafetensorsError || error instanceof RangeError)
        throw new CheckpointError(`${shard}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  for (const name of shapes.keys()) if (!weights[name]) throw new CheckpointError(`${name} is missing`);
  return weights;
}
