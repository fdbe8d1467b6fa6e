// Reverse-mode differentiation while a graph is written: each operation leaves a closure that writes its own gradient nodes.
import type { GraphBuilder } from '../graph';

export class Tape {
  readonly #steps: { output: string; backward: (upstream: string) => void }[] = [];
  readonly #gradients = new Map<string, string>();
  /** Tensors that depend on a trainable one; nothing else gets a gradient, so frozen paths cost nothing. */
  readonly #needed = new Set<string>();

  constructor(readonly graph: GraphBuilder) {}

  watch(name: string): string {
    this.#needed.add(name);
    return name;
  }

  /** Notes how `output` passes its gradient on to `inputs`; `backward` must call `give` for each of them. */
  record(output: string, inputs: readonly string[], backward: (upstream: string) => void): string {
    if (inputs.some(name => this.#needed.has(name))) {
      this.#needed.add(output);
      this.#steps.push({ output, backward });
    }
    return output;
  }

  /** Adds a gradient to what `name` has received so far. */
  give(name: string, gradient: () => string): void {
    this.giveOnto(name, sum => (sum === undefined ? gradient() : this.graph.node('Add', [sum, gradient()])));
  }

  /** As `give`, for operations that add onto a sum without a pass of their own (Gemm's third operand). */
  giveOnto(name: string, gradient: (sum: string | undefined) => string): void {
    if (this.#needed.has(name)) this.#gradients.set(name, gradient(this.#gradients.get(name)));
  }

  /** Runs the closures from the scalar `loss`, last operation first, so that every use of a tensor has given before the tensor passes it on. */
  backward(loss: string): void {
    this.#gradients.set(loss, this.graph.scalar(1));
    for (const { output, backward } of this.#steps.toReversed()) {
      const upstream = this.#gradients.get(output);
      if (upstream !== undefined) backward(upstream);
    }
  }

  /** @throws RangeError when nothing that was recorded depends on `name` */
  gradient(name: string): string {
    const gradient = this.#gradients.get(name);
    if (gradient === undefined) throw new RangeError(`${name} has no gradient: the loss does not depend on it`);
    return gradient;
  }
}
