// Writes trained weights as a model folder in the layout of the hub, which plain transformers.js and our own engine both load.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHalves, toHalves } from '../../onnx/half';
import { buildLlama, llamaShapes, type LlamaConfig, type Weights } from '../../onnx/llama';
import { encodeModel } from '../../onnx/proto';
import { writeSafetensors } from '../../onnx/safetensors';
import { END, PAD, tokenizerConfig, tokenizerJson } from './vocabulary';

/** Rounded to halves once, so that every copy of the model holds the same numbers. */
export const asHalves = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, { dims, data }]) => [name, { dims, data: fromHalves(toHalves(data)) }]));

const configJson = (c: LlamaConfig): object => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: c.vocab,
  hidden_size: c.hidden,
  num_hidden_layers: c.layers,
  num_attention_heads: c.heads,
  num_key_value_heads: c.kvHeads,
  head_dim: c.headDim,
  intermediate_size: c.ff,
  max_position_embeddings: c.maxPositions,
  rms_norm_eps: c.eps,
  rope_theta: c.theta,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: c.tied,
  bos_token_id: null,
  eos_token_id: END,
  pad_token_id: PAD,
  dtype: 'float16',
});

/** @returns the size of every file in bytes */
export function exportModel(folder: string, config: LlamaConfig, trained: Weights): Record<string, number> {
  const weights = asHalves(trained);
  const json = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  const files: Record<string, Uint8Array> = {
    'config.json': json(configJson(config)),
    'generation_config.json': json({ eos_token_id: END, pad_token_id: PAD, do_sample: true, temperature: 1, top_k: 0 }),
    'tokenizer.json': json(tokenizerJson()),
    'tokenizer_config.json': json(tokenizerConfig()),
    'model.safetensors': writeSafetensors(
      new Map(llamaShapes(config).map(([name, dims]) => [name, { shape: dims, data: toHalves(weights[name]!.data) }])),
      { format: 'pt' },
    ),
    'onnx/model.onnx': encodeModel(buildLlama(config, weights, { storage: 'float16' })),
  };
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length]));
}
