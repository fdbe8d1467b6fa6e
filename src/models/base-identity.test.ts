import { describe, expect, it } from 'vitest';
import type { EngineModelRef, TunedFiles } from './engine';
import { isSameBase, otherBase, otherBaseWords } from './base-identity';

const builtin: EngineModelRef = { kind: 'builtin', id: 'abacus' };
const hub = (id: string): EngineModelRef => ({ kind: 'hub', id });
const local = (id: string): EngineModelRef => ({ kind: 'local', id });

const naming = (config: object): TunedFiles => ({
  'adapter_config.json': new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', r: 8, lora_alpha: 16, ...config })),
});

describe('the base an adapter names', () => {
  it.each<[EngineModelRef, string]>([
    [builtin, 'abacus'],
    [builtin, './public/models/abacus/'],
    [builtin, 'C:\\models\\Abacus'],
    [hub('onnx-community/Qwen3-0.6B-ONNX'), 'Qwen/Qwen3-0.6B'],
    [hub('onnx-community/Qwen3-0.6B-ONNX'), 'onnx-community/Qwen3-0.6B-ONNX'],
    [hub('onnx-community/Qwen3-0.6B-ONNX'), '/data/models/Qwen3-0.6B'],
    [
      hub('onnx-community/Qwen3-0.6B-ONNX'),
      '/home/reader/.cache/huggingface/hub/models--Qwen--Qwen3-0.6B/snapshots/c1899de289a04d12100db370d81485cdf75e47ca',
    ],
    [hub('HuggingFaceTB/SmolLM2-135M-Instruct'), 'huggingfacetb/smollm2-135m-instruct'],
    [hub('somebody/NewModel-1B-ONNX'), 'lab/NewModel-1B'],
    [local('Qwen3-0.6B-ONNX'), 'Qwen/Qwen3-0.6B'],
    [local('my-model'), '/elsewhere/my-model'],
  ])('%j is %s', (base, named) => expect(isSameBase(base, named)).toBe(true));

  it.each<[EngineModelRef, string]>([
    [builtin, 'Qwen/Qwen3-0.6B'],
    [builtin, '/data/abacus-2'],
    [hub('onnx-community/Qwen3-0.6B-ONNX'), 'Qwen/Qwen3-0.6B-Base'],
    [hub('onnx-community/Qwen3-0.6B-ONNX'), 'somebody/Qwen3-0.6B'],
    [hub('HuggingFaceTB/SmolLM2-135M-Instruct'), 'HuggingFaceTB/SmolLM2-135M'],
    [hub('somebody/NewModel-1B-ONNX'), 'lab/NewModel-3B'],
    [local('my-model'), '/elsewhere/your-model'],
  ])('%j is not %s', (base, named) => expect(isSameBase(base, named)).toBe(false));
});

describe('the files of an adapter', () => {
  it('are told apart by the base they name, with both names said', () => {
    const found = otherBase(builtin, naming({ base_model_name_or_path: 'lab/other', revision: 'abc1234' }));
    expect(found).toEqual({ named: 'lab/other (abc1234)', loaded: 'abacus' });
    expect(otherBaseWords(found!)).toBe('It says that it was trained on lab/other (abc1234); abacus is loaded here.');
  });

  it('are taken when they name this base, or none', () => {
    expect(otherBase(builtin, naming({ base_model_name_or_path: 'abacus' }))).toBeNull();
    expect(otherBase(builtin, naming({ base_model_name_or_path: null }))).toBeNull();
    expect(otherBase(builtin, naming({}))).toBeNull();
  });

  it('are left to the loader when they are full weights or cannot be read', () => {
    expect(otherBase(builtin, { 'model.safetensors': new Uint8Array(8) })).toBeNull();
    expect(otherBase(builtin, { 'adapter_config.json': new TextEncoder().encode('{') })).toBeNull();
  });
});
