import { expect, it } from 'vitest';
import { ModelConfigError, modelConfigOf } from './model-config';

// Fields as the hub has them, shortened to those that matter.
const smol = {
  ...{ model_type: 'llama', architectures: ['LlamaForCausalLM'], hidden_act: 'silu', attention_bias: false, mlp_bias: false },
  ...{ hidden_size: 576, intermediate_size: 1536, max_position_embeddings: 8192, num_attention_heads: 9, num_hidden_layers: 30 },
  ...{ num_key_value_heads: 3, pretraining_tp: 1, rms_norm_eps: 1e-5, rope_scaling: null, rope_theta: 100000, tie_word_embeddings: true },
  ...{ vocab_size: 49152, torch_dtype: 'bfloat16' },
};
const qwen2 = {
  ...{ model_type: 'qwen2', hidden_act: 'silu', hidden_size: 896, intermediate_size: 4864, max_position_embeddings: 32768 },
  ...{ max_window_layers: 21, num_attention_heads: 14, num_hidden_layers: 24, num_key_value_heads: 2, rms_norm_eps: 1e-6 },
  ...{ rope_theta: 1000000, sliding_window: 32768, tie_word_embeddings: true, use_sliding_window: false, vocab_size: 151936 },
};
const qwen3 = {
  ...{ model_type: 'qwen3', attention_bias: false, head_dim: 128, hidden_act: 'silu', hidden_size: 1024, intermediate_size: 3072 },
  ...{ max_position_embeddings: 40960, num_attention_heads: 16, num_hidden_layers: 28, num_key_value_heads: 8, rms_norm_eps: 1e-6 },
  ...{ rope_scaling: null, rope_theta: 1000000, sliding_window: null, tie_word_embeddings: true, use_sliding_window: false },
  ...{ vocab_size: 151936 },
};
const llama3 = {
  ...smol,
  rope_scaling: { factor: 32, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 8192, rope_type: 'llama3' },
};

it('reads the three families', () => {
  expect(modelConfigOf(smol)).toEqual({
    ...{ vocab: 49152, hidden: 576, layers: 30, heads: 9, kvHeads: 3, headDim: 64, ff: 1536 },
    ...{ eps: 1e-5, theta: 100000, maxPositions: 8192, tied: true },
  });
  expect(modelConfigOf(qwen2)).toMatchObject({ headDim: 64, biases: 'qkv', kvHeads: 2, tied: true });
  expect(modelConfigOf(qwen3)).toMatchObject({ headDim: 128, qkNorm: true, hidden: 1024 });
  expect(modelConfigOf(qwen3).biases).toBeUndefined();
  expect(modelConfigOf({ ...smol, attention_bias: true }).biases).toBe('qkvo');
  expect(modelConfigOf(llama3).rope).toEqual({ factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 8192 });
  const { rope_theta: _, rope_scaling: __, ...rest } = smol;
  expect(modelConfigOf({ ...rest, rope_parameters: { rope_theta: 5000, rope_type: 'default' } })).toMatchObject({ theta: 5000 });
});

it.each([
  ['not an object', [], 'config.json'],
  ['another family', { ...smol, model_type: 'gemma3' }, 'model_type is "gemma3"'],
  ['other scaling', { ...smol, rope_scaling: { type: 'yarn', factor: 4 } }, 'rope_scaling of type "yarn"'],
  ['half a scaling', { ...llama3, rope_scaling: { rope_type: 'llama3', factor: 8 } }, 'low_freq_factor is undefined'],
  ['a sliding window', { ...qwen2, use_sliding_window: true }, 'sliding_window'],
  ['layers with a window', { ...qwen3, layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types'],
  ['experts', { ...qwen3, num_experts: 128 }, 'num_experts'],
  ['partial rotation', { ...smol, partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
  ['partial rotation, new style', { ...smol, rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } }, 'partial_rotary_factor'],
  ['another activation', { ...smol, hidden_act: 'gelu' }, 'hidden_act is "gelu"'],
  ['biases elsewhere', { ...smol, mlp_bias: true }, 'mlp_bias'],
  ['quantised weights', { ...qwen2, quantization_config: { quant_method: 'gptq' } }, 'quantization_config'],
  ['heads that do not divide', { ...smol, num_key_value_heads: 2 }, 'num_key_value_heads'],
  ['a missing size', { ...smol, vocab_size: undefined }, 'vocab_size is undefined'],
  ['an impossible size', { ...smol, num_hidden_layers: 1.5 }, 'num_hidden_layers is 1.5'],
  ['a fraction of a head', { ...smol, num_attention_heads: 7, num_key_value_heads: 7 }, 'head_dim'],
  ['an odd head', { ...smol, head_dim: 63 }, 'head_dim is 63'],
  ['text for a flag', { ...smol, tie_word_embeddings: 'yes' }, 'tie_word_embeddings is "yes"'],
])('refuses %s by name', (_, json, reason) => {
  expect(() => modelConfigOf(json)).toThrow(ModelConfigError);
  expect(() => modelConfigOf(json)).toThrow(reason);
});
