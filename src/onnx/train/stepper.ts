// Runs a training step again and again: owns the session, the parameters and their moments, the step count and the tables.
import { encodeModel } from '../proto';
import type { LlamaConfig, Weights } from '../llama';
import type { Batch } from './batch';
import { emitTrainStep } from './emit';
import { momentNames } from './optimiser';
import { settings, type TrainOptions } from './options';
import type { Trainable } from './parameters';
import type { RuntimeSession, RuntimeTensor, TrainRuntime } from './runtime';
import { attentionTables } from './tables';

/** Learning rates of one step; `muon` is required where a parameter is trained by Muon. */
export interface LearningRates {
  adamw: number;
  muon?: number;
}

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

export class TrainStepper<T extends RuntimeTensor = RuntimeTensor> {
  readonly trainables: readonly Trainable[];
  readonly #runtime: TrainRuntime<T>;
  readonly #session: RuntimeSession<T>;
  readonly #config: LlamaConfig;
  readonly #betas: { beta1: number; beta2: number };
  #state: Record<string, T>;
  #step = 0;
  #tables: { length: number; tensors: Record<'cos' | 'sin' | 'mask', T> } | undefined;
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
    this.#config = config;
    this.#betas = settings(options, config.vocab).adamw;
    this.trainables = trainables;
    this.#state = {};
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
    try {
      stepper.importState({ step: 0, tensors: { ...stepper.#zeroMoments(), ...weights } });
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
    if (this.#busy) throw new Error('the step before is still running');
    this.#check(batch, rates);
    this.#busy = true;
    const passing = this.#inputs(batch, rates);
    try {
      const out = await this.#session.run({ ...passing, ...this.#tablesOf(batch.length), ...this.#state });
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
    if (this.#busy) throw new Error('a step is running');
    const next = Object.fromEntries(
      this.#stateShapes().map(([name, dims]) => {
        const tensor = tensors[name];
        if (!tensor) throw new RangeError(`no tensor ${name}`);
        if (`${tensor.dims}` !== `${dims}` || tensor.data.length !== sizeOf(dims))
          throw new RangeError(`${name} is [${tensor.dims}], wanted [${dims}]`);
        return [name, new this.#runtime.Tensor('float32', tensor.data.slice(), dims)];
      }),
    );
    disposeAll(this.#state);
    this.#state = next;
    this.#step = step;
  }

  async dispose(): Promise<void> {
    disposeAll(this.#state);
    if (this.#tables) disposeAll(this.#tables.tensors);
    this.#state = {};
    this.#tables = undefined;
    await this.#session.release();
  }

  #check({ rows, length, ids, targets, weights }: Batch, rates: LearningRates): void {
    for (const array of [ids, targets, weights])
      if (array.length !== rows * length) throw new RangeError(`${array.length} entries for a batch of ${rows} × ${length}`);
    const vocab = BigInt(this.#config.vocab);
    for (const array of [ids, targets])
      for (const id of array) if (id < 0n || id >= vocab) throw new RangeError(`token ${id} is outside the vocabulary of ${vocab}`);
    if (rates.muon === undefined && this.#usesMuon) throw new RangeError('a learning rate for Muon is needed');
  }

  get #usesMuon(): boolean {
    return this.trainables.some(p => p.optimiser === 'muon');
  }

  #inputs({ rows, length, ids, targets, weights }: Batch, rates: LearningRates): Record<string, T> {
    const { Tensor } = this.#runtime;
    const dims = [rows, length];
    const one = (value: number): T => new Tensor('float32', Float32Array.of(value), [1]);
    const correction = (beta: number): T => one(1 / (1 - beta ** (this.#step + 1)));
    return {
      ids: new Tensor('int64', ids, dims),
      tgt: new Tensor('int64', targets, dims),
      wt: new Tensor('float32', weights, dims),
      lr: one(rates.adamw),
      bc1: correction(this.#betas.beta1),
      bc2: correction(this.#betas.beta2),
      ...(this.#usesMuon && { muon_lr: one(rates.muon!) }),
    };
  }

  /** Kept until a batch of another length comes. */
  #tablesOf(length: number): Record<'cos' | 'sin' | 'mask', T> {
    if (this.#tables?.length === length) return this.#tables.tensors;
    if (this.#tables) disposeAll(this.#tables.tensors);
    const { headDim, theta } = this.#config;
    const { cos, sin, mask } = attentionTables(length, headDim, theta);
    const { Tensor } = this.#runtime;
    const rotary = (data: Float32Array): T => new Tensor('float32', data, [length, 1, headDim]);
    const tensors = { cos: rotary(cos), sin: rotary(sin), mask: new Tensor('float32', mask, [length, length]) };
    this.#tables = { length, tensors };
    return tensors;
  }

  #stateShapes(): [name: string, dims: number[]][] {
    return this.trainables.flatMap(p => [p.name, ...this.#momentsOf(p)].map((name): [string, number[]] => [name, p.dims]));
  }

  #momentsOf(p: Trainable): string[] {
    return momentNames[p.optimiser].map(suffix => `${p.name}/${suffix}`);
  }

  #zeroMoments(): Weights {
    const zeros = ({ dims }: Trainable) => ({ dims, data: new Float32Array(sizeOf(dims)) });
    return Object.fromEntries(this.trainables.flatMap(p => this.#momentsOf(p).map(name => [name, zeros(p)])));
  }

  #copies(names: readonly string[]): Weights {
    return Object.fromEntries(
      names.map(name => {
        const { dims, data } = this.#state[name]!;
        return [name, { dims: [...dims], data: (data as Float32Array).slice() }];
      }),
    );
  }
}

function disposeAll(tensors: Record<string, RuntimeTensor>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
