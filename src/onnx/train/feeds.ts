// What a step is fed besides its parameters: the batch, the rates, and the tables of the batch's length.
import type { LlamaConfig } from '../llama-shapes';
import type { Batch } from './batch';
import { disposeAll, type RuntimeTensor, type TrainRuntime } from './runtime';
import { attentionTables } from './tables';

/** Learning rates of one step; `muon` is required where a parameter is trained by Muon. */
export interface LearningRates {
  adamw: number;
  muon?: number;
}

/** Positions that are learnt. */
export const learntPositions = ({ weights }: Batch): number[] => [...weights.keys()].filter(i => weights[i] !== 0);

/** @throws RangeError when sizes disagree, a token is outside the vocabulary, or nothing is learnt */
export function checkBatch({ rows, length, ids, targets, weights }: Batch, vocab: number): void {
  for (const array of [ids, targets, weights])
    if (array.length !== rows * length) throw new RangeError(`${array.length} entries for a batch of ${rows} × ${length}`);
  for (const array of [ids, targets])
    for (const id of array) if (id < 0n || id >= vocab) throw new RangeError(`token ${id} is outside the vocabulary of ${vocab}`);
  if (!weights.some(w => w !== 0)) throw new RangeError('no token of the batch is learnt');
}

/** Tensors of one forward pass; with `backward` also those of the loss and its gradients. */
export function batchFeeds<T extends RuntimeTensor>({ Tensor }: TrainRuntime<T>, batch: Batch, backward: boolean): Record<string, T> {
  const { rows, length, ids, targets, weights } = batch;
  const learnt = learntPositions(batch);
  const feeds: Record<string, T> = {
    ids: new Tensor('int64', ids, [rows, length]),
    rows: new Tensor('int64', BigInt64Array.from(learnt, BigInt), [learnt.length]),
    tgt: new Tensor(
      'int64',
      BigInt64Array.from(learnt, i => targets[i]!),
      [learnt.length, 1],
    ),
  };
  if (backward) {
    const back = new BigInt64Array(ids.length).fill(BigInt(learnt.length));
    learnt.forEach((position, i) => (back[position] = BigInt(i)));
    feeds.back = new Tensor('int64', back, [ids.length]);
    feeds.wt = new Tensor(
      'float32',
      Float32Array.from(learnt, i => weights[i]!),
      [learnt.length, 1],
    );
  }
  return feeds;
}

/** Tensors of one update. @param step counts from 1 @param betas of AdamW, for its bias corrections */
export function rateFeeds<T extends RuntimeTensor>(
  { Tensor }: TrainRuntime<T>,
  rates: LearningRates,
  betas: { beta1: number; beta2: number },
  step: number,
): Record<string, T> {
  const one = (value: number): T => new Tensor('float32', Float32Array.of(value), [1]);
  return {
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
    const { headDim } = this.#config;
    const { cos, sin, mask } = attentionTables(length, this.#config);
    const { Tensor } = this.#runtime;
    const rotary = (data: Float32Array): T => new Tensor('float32', data, [length, headDim / 2]);
    const tensors = { cos: rotary(cos), sin: rotary(sin), mask: new Tensor('float32', mask, [length, length]) };
    this.#kept = { length, tensors };
    return tensors;
  }

  dispose(): void {
    if (this.#kept) disposeAll(this.#kept.tensors);
    this.#kept = undefined;
  }
}
