// What a step is fed besides its parameters: the batch, the rates, and the tables of the batch's length.
import type { LlamaConfig } from '../llama';
import type { Batch } from './batch';
import { disposeAll, type RuntimeTensor, type TrainRuntime } from './runtime';
import { attentionTables } from './tables';

/** Learning rates of one step; `muon` is required where a parameter is trained by Muon. */
export interface LearningRates {
  adamw: number;
  muon?: number;
}

/** @throws RangeError when sizes disagree or a token is outside the vocabulary */
export function checkBatch({ rows, length, ids, targets, weights }: Batch, vocab: number): void {
  for (const array of [ids, targets, weights])
    if (array.length !== rows * length) throw new RangeError(`${array.length} entries for a batch of ${rows} × ${length}`);
  for (const array of [ids, targets])
    for (const id of array) if (id < 0n || id >= vocab) throw new RangeError(`token ${id} is outside the vocabulary of ${vocab}`);
}

/** Tensors of one step, to be disposed after it. @param step counts from 1 @param betas of AdamW, for its bias corrections */
export function passingFeeds<T extends RuntimeTensor>(
  { Tensor }: TrainRuntime<T>,
  { rows, length, ids, targets, weights }: Batch,
  rates: LearningRates,
  betas: { beta1: number; beta2: number },
  step: number,
): Record<string, T> {
  const dims = [rows, length];
  const one = (value: number): T => new Tensor('float32', Float32Array.of(value), [1]);
  return {
    ids: new Tensor('int64', ids, dims),
    tgt: new Tensor('int64', targets, dims),
    wt: new Tensor('float32', weights, dims),
    lr: one(rates.adamw),
    bc1: one(1 / (1 - betas.beta1 ** step)),
    bc2: one(1 / (1 - betas.beta2 ** step)),
    ...(rates.muon !== undefined && { muon_lr: one(rates.muon) }),
  };
}

/** Rotary tables and mask, kept until a batch of another length comes. */
export class TableFeeds<T extends RuntimeTensor> {
  readonly #runtime: TrainRuntime<T>;
  readonly #config: LlamaConfig;
  #kept: { length: number; tensors: Record<'cos' | 'sin' | 'mask', T> } | undefined;

  constructor(runtime: TrainRuntime<T>, config: LlamaConfig) {
    this.#runtime = runtime;
    this.#config = config;
  }

  of(length: number): Record<'cos' | 'sin' | 'mask', T> {
    if (this.#kept?.length === length) return this.#kept.tensors;
    this.dispose();
    const { headDim, theta } = this.#config;
    const { cos, sin, mask } = attentionTables(length, headDim, theta);
    const { Tensor } = this.#runtime;
    const rotary = (data: Float32Array): T => new Tensor('float32', data, [length, 1, headDim]);
    const tensors = { cos: rotary(cos), sin: rotary(sin), mask: new Tensor('float32', mask, [length, length]) };
    this.#kept = { length, tensors };
    return tensors;
  }

  dispose(): void {
    if (this.#kept) disposeAll(this.#kept.tensors);
    this.#kept = undefined;
  }
}
