// The sessions of a trainer, each made when it is first needed: a run without accumulation or evaluation holds one, and one copy of the base.
import type { LlamaConfig, Weights } from '../llama-shapes';
import { encodeModel, type ModelProto } from '../proto';
import { emitEvaluation, emitGradients, emitTrainStep, emitUpdate } from './emit';
import type { TrainOptions } from './options';
import type { Trainable } from './parameters';
import type { RuntimeSession, RuntimeTensor, TrainRuntime } from './runtime';

/** `step` does at once what `gradients`, run over the parts of a batch, and `update` do together. */
export type GraphName = 'step' | 'gradients' | 'update' | 'evaluation';

export class TrainGraphs<T extends RuntimeTensor> {
  readonly trainables: readonly Trainable[];
  readonly #runtime: TrainRuntime<T>;
  readonly #emit: Record<GraphName, () => ModelProto>;
  readonly #sessions = new Map<GraphName, Promise<RuntimeSession<T>>>();

  /** @throws RangeError when a weight is missing or has the wrong shape */
  constructor(runtime: TrainRuntime<T>, config: LlamaConfig, weights: Weights, options: TrainOptions) {
    this.#runtime = runtime;
    const { trainables } = emitTrainStep(config, weights, options);
    this.trainables = trainables;
    this.#emit = {
      step: () => emitTrainStep(config, weights, options).model,
      gradients: () => emitGradients(config, weights, options).model,
      update: () => emitUpdate(trainables, options),
      evaluation: () => emitEvaluation(config, weights, options).model,
    };
  }

  session(name: GraphName): Promise<RuntimeSession<T>> {
    let session = this.#sessions.get(name);
    if (!session) this.#sessions.set(name, (session = this.#runtime.createSession(encodeModel(this.#emit[name]()))));
    return session;
  }

  async release(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    // One that could not be made has told so to whoever asked for it.
    for (const made of await Promise.allSettled(sessions)) if (made.status === 'fulfilled') await made.value.release();
  }
}
