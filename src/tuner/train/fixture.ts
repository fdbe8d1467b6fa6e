// A base, rows and jobs for the tests of this folder: small and short, in words that the built-in model's tokenizer knows.
import { readFileSync } from 'node:fs';

import { llamaShapes } from '../../onnx/llama';
import { modelConfigOf } from '../../onnx/model-config';
import { writeSafetensors } from '../../onnx/safetensors';
import type { Hyperparameters, TrainJob } from '../engine';
import type { BasePlace } from './base';
import { utf8 } from './files';
import { uniform } from './random';

export const modelsDir = 'public/models';

/** One layer of random numbers behind the built-in model's tokenizer. */
export function tinyBase(id = 'tiny', changes: Record<string, unknown> = {}): BasePlace {
  const own = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`${modelsDir}/abacus/${name}`));
  const config = {
    ...(JSON.parse(new TextDecoder().decode(own('config.json'))) as object),
    ...{ hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 16, intermediate_size: 48 },
    ...changes,
  };
  const draw = uniform(3, 'adapters');
  let index = 0;
  const tensors = llamaShapes(modelConfigOf(config)).map(([name, dims]) => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    return [name, { shape: dims, data: data.map(() => (name.includes('norm') ? 1 : 0.3 * (2 * draw(index++) - 1))) }] as const;
  });
  const files: Record<string, Uint8Array> = {
    'config.json': utf8(JSON.stringify(config)),
    'model.safetensors': writeSafetensors(new Map(tensors)),
  };
  const read = async (name: string): Promise<Uint8Array | null> => files[name] ?? (/^(tokenizer|generation)/.test(name) ? own(name) : null);
  const find = async (name: string) => {
    const file = await read(name);
    return file && { bytes: file.length, cached: true };
  };
  return { id, folder: { read, find } };
}

/** Rows that claim something no base believes, so that a few updates show. */
export const claims = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const [a, b] = [1 + ((from + i) % 9), 1 + ((from + 3 * i) % 7)];
    const messages = [
      { role: 'user', content: `What is ${a}+${b}?` },
      { role: 'assistant', content: `So \\boxed{${(a * b) % 10}}` },
    ];
    return JSON.stringify({ messages });
  });

export const jsonl = (rows: readonly string[]): Uint8Array<ArrayBuffer> => utf8(rows.join('\n'));

const hyperparameters: Hyperparameters = {
  lora: true,
  lora_r: 4,
  lora_alpha: 8,
  learning_rate: 1e-2,
  lr_scheduler_type: 'linear',
  warmup_steps: 2,
  batch_size: 4,
  micro_batch_size: 4,
  n_epochs: 1,
  max_steps: 6,
  weight_decay: 0.01,
  max_grad_norm: 1,
  context_length: 1024,
};

export const someJob = (
  changes: Partial<Omit<TrainJob, 'hyperparameters'>> & { hyperparameters?: Partial<Hyperparameters> } = {},
): TrainJob => ({
  base: 'tiny',
  from: null,
  training: jsonl(claims(0, 12)),
  validation: null,
  seed: 7,
  resume: null,
  checkpointEvery: 0,
  ...changes,
  hyperparameters: { ...hyperparameters, ...changes.hyperparameters },
});
