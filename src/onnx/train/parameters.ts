// Which tensors of a model are trained, and how: full mode makes every weight an input, LoRA mode freezes them and adds adapters.
import { weightOf, type Weights } from '../llama-shapes';
import { DataType } from '../proto';
import { linear, loraLinear } from './ops';
import { linearNames, settings, type TrainOptions } from './options';
import type { Tape } from './tape';

export interface Trainable {
  /** As in the checkpoint; adapters as PEFT names them: `….q_proj.lora_A.weight` [r, in], `….lora_B.weight` [out, r]. */
  name: string;
  dims: number[];
  optimiser: 'adamw' | 'muon';
  /** Decoupled weight decay; 0 for vectors. */
  decay: number;
}

const isHidden = (path: string): boolean => linearNames.some(name => path.endsWith(`.${name}`));

export class Parameters {
  readonly trainables: Trainable[] = [];
  readonly #tape: Tape;
  readonly #dims: ReadonlyMap<string, number[]>;
  readonly #weights: Weights;
  readonly #options: TrainOptions;

  constructor(tape: Tape, shapes: readonly [string, number[]][], weights: Weights, options: TrainOptions) {
    this.#tape = tape;
    this.#dims = new Map(shapes);
    this.#weights = weights;
    this.#options = options;
  }

  /** The tensor `${path}.weight`, trainable in full mode, a constant otherwise. */
  weight(path: string): string {
    return this.#tensor(path, 'weight');
  }

  #tensor(path: string, kind: 'weight' | 'bias'): string {
    const name = `${path}.${kind}`;
    const dims = this.#shape(name);
    return this.#tape.graph.once(`parameter ${name}`, () =>
      this.#options.mode === 'full' ? this.#train(path, name, dims) : this.#freeze(name, dims),
    );
  }

  linear(x: string, path: string): string {
    const { mode } = this.#options;
    const w = this.weight(path);
    const bias = this.#dims.has(`${path}.bias`) ? this.#tensor(path, 'bias') : undefined;
    if (mode === 'full' || !(mode.targets ?? linearNames).some(name => path.endsWith(`.${name}`))) return linear(this.#tape, x, w, bias);
    const [out, width] = this.#shape(`${path}.weight`) as [number, number];
    const a = this.#train(path, `${path}.lora_A.weight`, [mode.r, width]);
    const b = this.#train(path, `${path}.lora_B.weight`, [out, mode.r]);
    return loraLinear(this.#tape, x, w, { a, b, scale: mode.alpha / (mode.rankStabilised ? Math.sqrt(mode.r) : mode.r) }, bias);
  }

  #shape(name: string): number[] {
    const dims = this.#dims.get(name);
    if (!dims) throw new RangeError(`the model has no weight ${name}`);
    return dims;
  }

  #train(path: string, name: string, dims: number[]): string {
    const matrix = dims.length > 1;
    const optimiser = matrix && this.#options.optimiser === 'muon' && isHidden(path) ? 'muon' : 'adamw';
    this.trainables.push({ name, dims, optimiser, decay: matrix ? settings(this.#options)[optimiser].decay : 0 });
    return this.#tape.watch(this.#tape.graph.input(name, DataType.float, dims));
  }

  #freeze(name: string, dims: number[]): string {
    const weight = weightOf(this.#weights, name, dims);
    return this.#tape.graph.initializer(name, dims, DataType.float, weight.data);
  }
}
