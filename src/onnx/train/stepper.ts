// Runs a training step again and again: owns the session, the parameters with their moments, and the step count.
import type { LlamaConfig, Weights } from '../llama';
import { encodeModel } from '../proto';
import type { Batch } from './batch';
import { emitTrainStep } from './emit';
import { checkBatch, passingFeeds, TableFeeds, type LearningRates } from './feeds';
import { momentNames } from './optimiser';
import { settings, type TrainOptions } from './options';
import type { Trainable } from './parameters';
import { disposeAll, type RuntimeSession, type RuntimeTensor, type TrainRuntime } from './runtime';

export type { LearningRates } from './feeds';

export interface StepResult {
  /** Before the update. */
  loss: number;
  /** Global norm of the gradients before clipping. */
  norm: number;
}

/** All that a later process needs to go on exactly as if there had been no interruption. */
export interface TrainState {
  /** Updates made so far. */
  step: number;
  /** Parameters `p` and moments `p/m`, `p/v`. */
  tensors: Weights;
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const momentsOf = (p: Trainable): string[] => momentNames[p.optimiser].map(suffix => `${p.name}/${suffix}`);

export class TrainStepper<T extends RuntimeTensor = RuntimeTensor> {
  readonly trainables: readonly Trainable[];
  readonly #runtime: TrainRuntime<T>;
  readonly #session: RuntimeSession<T>;
  readonly #tables: TableFeeds<T>;
  readonly #vocab: number;
  readonly #betas: { beta1: number; beta2: number };
  #state: Record<string, T> = {};
  #step = 0;
  #busy = false;

  private constructor(
    runtime: TrainRuntime<T>,
    session: RuntimeSession<T>,
    config: LlamaConfig,
    options: TrainOptions,
    trainables: readonly Trainable[],
  ) {
    this.#runtime = runtime;
    this.#session = session;
    this.#tables = new TableFeeds(runtime, config);
    this.#vocab = config.vocab;
    this.#betas = settings(options, config.vocab).adamw;
    this.trainables = trainables;
  }

  /**
   * @param weights the model; also the starting values of the trainables, so in LoRA mode with the adapters (`initialAdapters`) beside it
   * @throws RangeError when a weight or a starting value is missing or has the wrong shape
   */
  static async create<T extends RuntimeTensor>(
    runtime: TrainRuntime<T>,
    config: LlamaConfig,
    weights: Weights,
    options: TrainOptions,
  ): Promise<TrainStepper<T>> {
    const { model, trainables } = emitTrainStep(config, weights, options);
    const session = await runtime.createSession(encodeModel(model));
    const stepper = new TrainStepper(runtime, session, config, options, trainables);
    const zeros: Weights = {};
    for (const p of trainables) for (const name of momentsOf(p)) zeros[name] = { dims: p.dims, data: new Float32Array(sizeOf(p.dims)) };
    try {
      stepper.importState({ step: 0, tensors: { ...weights, ...zeros } });
    } catch (error) {
      await session.release();
      throw error;
    }
    return stepper;
  }

  /** Updates made so far. */
  get steps(): number {
    return this.#step;
  }

  /**
   * One update.
   * @throws RangeError when a token is outside the vocabulary, or the loss or the gradient is not finite: then no update is made
   */
  async step(batch: Batch, rates: LearningRates): Promise<StepResult> {
    this.#refuseWhileBusy();
    checkBatch(batch, this.#vocab);
    const usesMuon = this.trainables.some(p => p.optimiser === 'muon');
    if (usesMuon && rates.muon === undefined) throw new RangeError('a learning rate for Muon is needed');
    this.#busy = true;
    const given = usesMuon ? rates : { adamw: rates.adamw };
    const passing = passingFeeds(this.#runtime, batch, given, this.#betas, this.#step + 1);
    try {
      const out = await this.#session.run({ ...passing, ...this.#tables.of(batch.length), ...this.#state });
      const [loss, norm] = ['loss', 'norm'].map(name => (out[name]!.data as Float32Array)[0]!) as [number, number];
      out.loss!.dispose();
      out.norm!.dispose();
      const next = Object.fromEntries(Object.keys(this.#state).map(name => [name, out[`${name}/o`]!]));
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
        disposeAll(next);
        throw new RangeError(`step ${this.#step + 1}: loss ${loss}, gradient norm ${norm}; the parameters are left as they were`);
      }
      disposeAll(this.#state);
      this.#state = next;
      this.#step++;
      return { loss, norm };
    } finally {
      disposeAll(passing);
      this.#busy = false;
    }
  }

  /** Copies of the trainables, by name; in full mode the whole model. */
  exportWeights(): Weights {
    return this.#copies(this.trainables.map(p => p.name));
  }

  exportState(): TrainState {
    return { step: this.#step, tensors: this.#copies(Object.keys(this.#state)) };
  }

  /** @throws RangeError when a tensor is missing or has the wrong shape; the present state is then kept */
  importState({ step, tensors }: TrainState): void {
    this.#refuseWhileBusy();
    const shapes = this.trainables.flatMap(p => [p.name, ...momentsOf(p)].map(name => [name, p.dims] as const));
    for (const [name, dims] of shapes) {
      const tensor = tensors[name];
      if (!tensor) throw new RangeError(`no tensor ${name}`);
      if (`${tensor.dims}` !== `${dims}` || tensor.data.length !== sizeOf(dims))
        throw new RangeError(`${name} is [${tensor.dims}], wanted [${dims}]`);
    }
    const { Tensor } = this.#runtime;
    disposeAll(this.#state);
    this.#state = Object.fromEntries(shapes.map(([name, dims]) => [name, new Tensor('float32', tensors[name]!.data.slice(), dims)]));
    this.#step = step;
  }

  /** Frees the session and all tensors; the stepper is of no use afterwards. */
  async dispose(): Promise<void> {
    this.#refuseWhileBusy();
    disposeAll(this.#state);
    this.#state = {};
    this.#tables.dispose();
    await this.#session.release();
  }

  #copies(names: readonly string[]): Weights {
    return Object.fromEntries(
      names.map(name => {
        const { dims, data } = this.#state[name]!;
        return [name, { dims: [...dims], data: (data as Float32Array).slice() }];
      }),
    );
  }

  #refuseWhileBusy(): void {
    if (this.#busy) throw new Error('a step is still running');
  }
}
