// config.json and safetensors of a Llama checkpoint to what the training graph is emitted from.
import { llamaShapes, type LlamaConfig, type Weights } from '../../onnx/llama';
import { readSafetensors, toFloat32 } from '../../onnx/safetensors';
import { EngineError } from '../../models/fault';
import type { ModelFolder } from '../../models/model-folder';

export function readLlamaConfig(json: Record<string, unknown>): LlamaConfig {
  if (json.model_type !== 'llama') throw new EngineError('bad-model', `Models of type ${String(json.model_type)} cannot be trained here.`);
  const number = (field: string, otherwise?: number): number => {
    const value = json[field] ?? otherwise;
    if (typeof value !== 'number') throw new EngineError('bad-model', `config.json of this model has no ${field}.`);
    return value;
  };
  const [hidden, heads] = [number('hidden_size'), number('num_attention_heads')];
  return {
    vocab: number('vocab_size'),
    hidden,
    layers: number('num_hidden_layers'),
    heads,
    kvHeads: number('num_key_value_heads', heads),
    headDim: number('head_dim', hidden / heads),
    ff: number('intermediate_size'),
    eps: number('rms_norm_eps'),
    theta: number('rope_theta', 10_000),
    maxPositions: number('max_position_embeddings'),
    tied: json.tie_word_embeddings === true,
  };
}

export async function readWeights(folder: ModelFolder, config: LlamaConfig, signal?: AbortSignal): Promise<Weights> {
  const file = await folder.read('model.safetensors', { signal });
  if (!file) throw new EngineError('bad-model', 'This model has no model.safetensors.');
  const { tensors } = readSafetensors(file);
  return Object.fromEntries(
    llamaShapes(config).map(([name]) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new EngineError('bad-model', `model.safetensors has no ${name}.`);
      return [name, { dims: tensor.shape, data: toFloat32(tensor) }];
    }),
  );
}
