// Trains step by step: owns the parameters with their moments and the step count, and runs the graphs over them.
import type { LlamaConfig, Weights } from '../llama-shapes';
import type { Batch } from './batch';
import { batchFeeds, checkBatch, learntPositions, rateFeeds, TableFeeds, type LearningRates } from './feeds';
import { TrainGraphs } from './graphs';
import { momentNames } from './optimiser';
import { settings, type TrainOptions } from './options';
import type { Trainable } from './parameters';
import { disposeAll, type RuntimeTensor, type TrainRuntime } from './runtime';

export type { LearningRates } from './feeds';

export interface StepResult {
  /** Before the update: Σ weight·nll, the mean over learnt tokens for batches as `makeBatch` weights them. */
  loss: number;
  /** Global norm of the gradients before clipping. */
  norm: number;
  /** Learnt tokens: those of weight ≠ 0. */
  tokens: number;
  /** How many of them were the likeliest token where they stand. */
  correct: number;
}

export interface Evaluation {
  /** Per row of the batch: Σ −log p over its learnt tokens, in nats, whatever their weights. */
  nll: number[];
  /** Learnt tokens of all rows. */
  tokens: number;
  /** How many of them were the likeliest token where they stand. */
  correct: number;
}

export interface EvaluateOptions {
  /** LoRA mode: false evaluates the base, as if every B were zero. Default true. */
  adapter?: boolean;
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
const numbers = (tensor: RuntimeTensor): Float32Array => tensor.data as Float32Array;

export class TrainStepper<T extends RuntimeTensor = RuntimeTensor> {
  readonly #runtime: TrainRuntime<T>;
  readonly #graphs: TrainGraphs<T>;
  readonly #tables: TableFeeds<T>;
  readonly #vocab: number;
  readonly #options: TrainOptions;
  /** Zeros of each shape: gradients before the first part of a batch, B of an adapter that is switched off. */
  readonly #zeros = new Map<string, T>();
  #state: Record<string, T> = {};
  #step = 0;
  #busy = false;

  private constructor(runtime: TrainRuntime<T>, config: LlamaConfig, weights: Weights, options: TrainOptions) {
    this.#runtime = runtime;
    this.#graphs = new TrainGraphs(runtime, config, weights, options);
    this.#tables = new TableFeeds(runtime, config);
    this.#vocab = config.vocab;
    this.#options = options;
  }

  /**
   * @param weights the model; also the starting values of the trainables, so in LoRA mode with the adapters (`initialAdapters`, or those of an
   *   earlier run) beside it. In LoRA mode the matrices must not be changed before `dispose`: a graph is made when it is first needed.
   * @throws RangeError when a weight or a starting value is missing or has the wrong shape
   */
  static async create<T extends RuntimeTensor>(
    runtime: TrainRuntime<T>,
    config: LlamaConfig,
    weights: Weights,
    options: TrainOptions,
  ): Promise<TrainStepper<T>> {
    const stepper = new TrainStepper(runtime, config, weights, { webgpu: runtime.webgpu ?? false, ...options });
    const zeros: Weights = {};
    for (const p of stepper.trainables)
      for (const name of momentsOf(p)) zeros[name] = { dims: p.dims, data: new Float32Array(sizeOf(p.dims)) };
    stepper.importState({ step: 0, tensors: { ...weights, ...zeros } });
    return stepper;
  }

  get trainables(): readonly Trainable[] {
    return this.#graphs.trainables;
  }

  /** Updates made so far. */
  get steps(): number {
    return this.#step;
  }

  /**
   * One update. Several batches are parts of one (`microBatches`): their losses and gradients are summed before the clip. What is computed
   * depends on the parts alone, not on the steps before, so that a resumed run repeats an uninterrupted one to the bit.
   * @throws RangeError when a token is outside the vocabulary, or the loss or the gradient is not finite: then no update is made
   */
  async step(batches: Batch | readonly Batch[], rates: LearningRates): Promise<StepResult> {
    this.#refuseWhileBusy();
    const parts: readonly Batch[] = 'ids' in batches ? [batches] : batches;
    if (!parts.length) throw new RangeError('a step over no batch');
    for (const part of parts) checkBatch(part, this.#vocab);
    const usesMuon = this.trainables.some(p => p.optimiser === 'muon');
    if (usesMuon && rates.muon === undefined) throw new RangeError('a learning rate for Muon is needed');
    const given = usesMuon ? rates : { adamw: rates.adamw };
    return this.#alone(async () => {
      const passing = rateFeeds(this.#runtime, given, settings(this.#options).adamw, this.#step + 1);
      try {
        const sums = parts.length === 1 ? await this.#whole(parts[0]!, passing) : await this.#summed(parts, passing);
        return { ...sums, tokens: parts.reduce((sum, part) => sum + learntPositions(part).length, 0) };
      } finally {
        disposeAll(passing);
      }
    });
  }

  /**
   * Likelihood of the learnt tokens under the parameters as they are, or under the base. Changes nothing.
   * @throws RangeError when a token is outside the vocabulary, nothing is learnt, or the base is asked for where it is gone (full mode)
   */
  async evaluate(batch: Batch, { adapter = true }: EvaluateOptions = {}): Promise<Evaluation> {
    this.#refuseWhileBusy();
    checkBatch(batch, this.#vocab);
    if (!adapter && this.#options.mode === 'full') throw new RangeError('full training has no adapter to switch off');
    return this.#alone(async () => {
      const parameters = this.trainables.map(p => [
        p.name,
        !adapter && p.name.endsWith('.lora_B.weight') ? this.#zero(p) : this.#state[p.name]!,
      ]);
      const feeds = batchFeeds(this.#runtime, batch, false);
      try {
        const session = await this.#graphs.session('evaluation');
        const out = await session.run({
          ...feeds,
          ...this.#tables.of(batch.length),
          ...(Object.fromEntries(parameters) as Record<string, T>),
        });
        const [each, hits] = [numbers(out.nll!), numbers(out.hits!)];
        const nll = new Array<number>(batch.rows).fill(0);
        learntPositions(batch).forEach((position, i) => (nll[Math.floor(position / batch.length)]! += each[i]!));
        const result = { nll, tokens: each.length, correct: hits.reduce((a, b) => a + b, 0) };
        disposeAll(out);
        return result;
      } finally {
        disposeAll(feeds);
      }
    });
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

  /** Frees the sessions and all tensors; the stepper is of no use afterwards. */
  async dispose(): Promise<void> {
    this.#refuseWhileBusy();
    disposeAll(this.#state);
    this.#state = {};
    disposeAll(Object.fromEntries(this.#zeros));
    this.#zeros.clear();
    this.#tables.dispose();
    await this.#graphs.release();
  }

  async #whole(batch: Batch, rates: Record<string, T>): Promise<Omit<StepResult, 'tokens'>> {
    const feeds = batchFeeds(this.#runtime, batch, true);
    try {
      const session = await this.#graphs.session('step');
      const out = await session.run({ ...feeds, ...rates, ...this.#tables.of(batch.length), ...this.#state });
      return this.#advance(out, take(out, 'loss'), take(out, 'correct'));
    } finally {
      disposeAll(feeds);
    }
  }

  async #summed(parts: readonly Batch[], rates: Record<string, T>): Promise<Omit<StepResult, 'tokens'>> {
    const session = await this.#graphs.session('gradients');
    const parameters = Object.fromEntries(this.trainables.map(p => [p.name, this.#state[p.name]!]));
    const names = this.trainables.map(p => `${p.name}/g`);
    let sums: Record<string, T> | undefined;
    let [loss, correct] = [0, 0];
    try {
      for (const part of parts) {
        const feeds = batchFeeds(this.#runtime, part, true);
        const before = sums ?? Object.fromEntries(this.trainables.map(p => [`${p.name}/g`, this.#zero(p)]));
        try {
          const out = await session.run({ ...feeds, ...this.#tables.of(part.length), ...parameters, ...before });
          loss += take(out, 'loss');
          correct += take(out, 'correct');
          if (sums) disposeAll(sums);
          sums = Object.fromEntries(names.map(name => [name, out[`${name}/o`]!]));
        } finally {
          disposeAll(feeds);
        }
      }
      const update = await this.#graphs.session('update');
      return this.#advance(await update.run({ ...rates, ...this.#state, ...sums }), loss, correct);
    } finally {
      if (sums) disposeAll(sums);
    }
  }

  /** Takes over the next values, if all is finite. */
  #advance(out: { readonly [name: string]: T }, loss: number, correct: number): Omit<StepResult, 'tokens'> {
    const norm = take(out, 'norm');
    const next = Object.fromEntries(Object.keys(this.#state).map(name => [name, out[`${name}/o`]!]));
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      disposeAll(next);
      throw new RangeError(`step ${this.#step + 1}: loss ${loss}, gradient norm ${norm}; the parameters are left as they were`);
    }
    disposeAll(this.#state);
    this.#state = next;
    this.#step++;
    return { loss, norm, correct };
  }

  #zero({ dims }: Trainable): T {
    const key = `${dims}`;
    let zero = this.#zeros.get(key);
    if (!zero) this.#zeros.set(key, (zero = new this.#runtime.Tensor('float32', new Float32Array(sizeOf(dims)), dims)));
    return zero;
  }

  #copies(names: readonly string[]): Weights {
    return Object.fromEntries(
      names.map(name => {
        const tensor = this.#state[name]!;
        return [name, { dims: [...tensor.dims], data: numbers(tensor).slice() }];
      }),
    );
  }

  async #alone<R>(work: () => Promise<R>): Promise<R> {
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  #refuseWhileBusy(): void {
    if (this.#busy) throw new Error('a step is still running');
  }
}

/** Reads a scalar output and frees it. */
function take(out: { readonly [name: string]: RuntimeTensor }, name: string): number {
  const tensor = out[name]!;
  const value = numbers(tensor)[0]!;
  tensor.dispose();
  return value;
}
