import { describe, expect, it } from 'vitest';
import { randomAdapter } from './fixtures/adapters';
import { tinyConfig } from './fixtures/weights';
import { AdapterError, readAdapter, writeAdapter } from './peft';
import { parsePeftConfig } from './peft-config';
import { writeSafetensors } from './safetensors';

const path = 'model.layers.0.self_attn.q_proj';
const config = (fields: object = {}) => JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 6, bias: 'none', ...fields });
type Tensors = Record<string, { shape: number[]; data: Float32Array }>;
const A = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const B = { shape: [4, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const named = (a: string, b: string): Tensors => ({ [a]: A, [b]: B });
const usual = named(`base_model.model.${path}.lora_A.weight`, `base_model.model.${path}.lora_B.weight`);
const file = (tensors: Tensors = usual) => writeSafetensors(new Map(Object.entries(tensors)));

describe('PEFT adapters', () => {
  it('transposes both matrices and folds α/r into B', () => {
    const { modules, warnings } = readAdapter(config(), file());
    expect(modules.get(path)).toEqual({
      ...{ rank: 2, K: 3, N: 4 },
      A: Float32Array.of(1, 4, 2, 5, 3, 6),
      B: Float32Array.of(3, 9, 15, 21, 6, 12, 18, 24),
    });
    expect(warnings).toEqual([]);
  });

  it('knows rank-stabilised scale, defaults and fractions', () => {
    expect(parsePeftConfig(config({ r: 16, lora_alpha: 8, use_rslora: true })).scaleOf(path)).toBe(2);
    expect(parsePeftConfig('{"peft_type":"LORA"}').scaleOf(path)).toBe(1);
    expect(parsePeftConfig(config({ r: 4, lora_alpha: 0.5 })).scaleOf(path)).toBe(0.125);
  });

  it('takes the first pattern that matches the end of a module path', () => {
    const parsed = parsePeftConfig(
      config({
        r: 8,
        lora_alpha: 8,
        rank_pattern: { 'layers\\.[01]\\.self_attn\\.q_proj': 4, q_proj: 2 },
        alpha_pattern: { 'self_attn.v_proj|up_proj': 32 },
      }),
    );
    const at = (layer: number, last: string) => `model.layers.${layer}.${last}`;
    expect(parsed.rankOf(at(0, 'self_attn.q_proj'))).toBe(4);
    expect(parsed.rankOf(at(10, 'self_attn.q_proj'))).toBe(2);
    expect(parsed.rankOf(at(2, 'self_attn.q_proj'))).toBe(2);
    expect(parsed.rankOf(at(2, 'self_attn.xq_proj'))).toBe(8);
    expect(parsed.scaleOf(at(0, 'self_attn.q_proj'))).toBe(2);
    expect(parsed.scaleOf(at(0, 'mlp.up_proj'))).toBe(4);
  });

  const refusals: [string, object, RegExp][] = [
    ['another method', { peft_type: 'LOHA' }, /peft_type/],
    ['DoRA', { use_dora: true }, /use_dora/],
    ['trained biases', { bias: 'all' }, /bias/],
    ['lora_bias', { lora_bias: true }, /lora_bias/],
    ['Conv1D weights', { fan_in_fan_out: true }, /fan_in_fan_out/],
    ['whole modules', { modules_to_save: ['lm_head'] }, /modules_to_save/],
    ['trained tokens', { trainable_token_indices: [1] }, /trainable_token_indices/],
    ['repeated layers', { layer_replication: [[0, 4]] }, /layer_replication/],
    ['Megatron', { megatron_config: { a: 1 } }, /megatron_config/],
    ['activated LoRA', { alora_invocation_tokens: [1] }, /alora_invocation_tokens/],
    ['bare parameters', { target_parameters: ['experts'] }, /target_parameters/],
    ...['use_qalora', 'use_bdlora', 'arrow_config', 'kasa_config', 'monteclora_config', 'velora_config'].map(
      field => [field, { [field]: { on: true } }, new RegExp(field)] as [string, object, RegExp],
    ),
    ['a base changed by PiSSA', { init_lora_weights: 'pissa_niter_16' }, /init_lora_weights/],
    ['a base changed by OLoRA', { init_lora_weights: 'olora' }, /init_lora_weights/],
    ['the head', { target_modules: ['q_proj', 'lm_head'] }, /lm_head/],
    ['a rank beyond 64', { r: 128 }, /r is 128/],
    ['rank 0', { r: 0 }, /r is 0/],
    ['a rank that is no number', { r: '8' }, /r is "8"/],
    ['no alpha', { lora_alpha: -1 }, /lora_alpha/],
    ['a pattern that could run for ever', { rank_pattern: { '(a+)+b': 2 } }, /pattern/],
    ['a broken pattern', { rank_pattern: { '(': 2 } }, /pattern/],
    ['a wrong rank in a pattern', { rank_pattern: { q_proj: 65 } }, /rank_pattern/],
    ['patterns in a list', { alpha_pattern: ['q_proj'] }, /alpha_pattern/],
  ];
  it.each(refusals)('refuses %s', (_, fields, message) => {
    expect(() => parsePeftConfig(config(fields))).toThrow(AdapterError);
    expect(() => parsePeftConfig(config(fields))).toThrow(message);
  });

  it('takes fields that are set to nothing, and warns of those it does not know', () => {
    const empty = { use_dora: false, modules_to_save: null, layer_replication: [], megatron_config: {}, init_lora_weights: true };
    expect(parsePeftConfig(config({ ...empty, target_modules: 'all-linear', lora_dropout: 0.1 })).warnings).toEqual([]);
    expect(parsePeftConfig(config({ use_newthing: true, other: false })).warnings).toEqual([
      'adapter_config.json sets use_newthing, which is unknown here',
    ]);
    for (const json of ['', '[]', 'null', '{']) expect(() => parsePeftConfig(json)).toThrow(AdapterError);
  });

  it('reads names left behind by compilation and by live saving, and says so', () => {
    for (const tensors of [
      named(`base_model.model.${path}.lora_A.default.weight`, `base_model.model.${path}.lora_B.default.weight`),
      named(`base_model.model._orig_mod.${path}.lora_A.weight`, `base_model.model._orig_mod.${path}.lora_B.weight`),
    ]) {
      const { modules, warnings } = readAdapter(config(), file(tensors));
      expect([...modules.keys()]).toEqual([path]);
      expect(warnings).toHaveLength(2);
    }
  });

  const broken: [string, Tensors, RegExp][] = [
    ['a missing half', { [Object.keys(usual)[0]!]: A }, /lacks lora_B/],
    ['a foreign tensor', { ...usual, 'base_model.model.lm_head.weight': A }, /unexpected tensor/],
    ['a magnitude vector', { ...usual, [`base_model.model.${path}.lora_magnitude_vector.weight`]: A }, /unexpected tensor/],
    ['the head', named('base_model.model.lm_head.lora_A.weight', 'base_model.model.lm_head.lora_B.weight'), /lm_head takes no adapter/],
    ['the same tensor twice', { ...usual, [`base_model.model.${path}.lora_A.default.weight`]: A }, /two tensors/],
    ['another rank than the config', { ...usual, [Object.keys(usual)[0]!]: { shape: [3, 2], data: A.data } }, /ranks 3 and 2/],
    ['a vector', { ...usual, [Object.keys(usual)[0]!]: { shape: [6], data: A.data } }, /not a matrix/],
    ['NaN', { ...usual, [Object.keys(usual)[0]!]: { shape: [2, 3], data: A.data.map((v, i) => (i ? v : NaN)) } }, /NaN/],
    ['nothing', {}, /no tensors/],
  ];
  it.each(broken)('refuses a file with %s', (_, tensors, message) => {
    expect(() => readAdapter(config(), file(tensors))).toThrow(AdapterError);
    expect(() => readAdapter(config(), file(tensors))).toThrow(message);
  });

  it('refuses a damaged or oversized file', () => {
    expect(() => readAdapter(config(), file().subarray(1))).toThrow(AdapterError);
    expect(() => readAdapter(config(), file().subarray(0, -1))).toThrow(/damaged/);
    // Reserved, not touched: the size is refused before a byte is read.
    expect(() => readAdapter(config(), new Uint8Array((512 << 20) + 1))).toThrow(/536870913 bytes/);
  });

  it('reads back what it wrote', () => {
    const modules = randomAdapter(tinyConfig, { rank: 4, seed: 3 });
    const files = writeAdapter(modules, { alpha: 4, baseModel: 'someone/model' });
    const read = readAdapter(files['adapter_config.json'], files['adapter_model.safetensors']);
    expect(read.baseModel).toBe('someone/model');
    expect(read.warnings).toEqual([]);
    expect(read.modules).toEqual(new Map([...modules].sort(([a], [b]) => (a < b ? -1 : 1))));
    expect(() => writeAdapter(new Map(), { alpha: 4, baseModel: null })).toThrow(/ranks/);
  });
});
