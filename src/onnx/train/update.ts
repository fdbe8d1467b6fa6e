// The second half of a training step: clip all gradients together, then update every parameter by its optimiser.
import type { GraphBuilder } from '../graph';
import { DataType } from '../proto';
import { adamW, clip, momentNames, muon } from './optimiser';
import { settings, type TrainOptions } from './options';
import type { Trainable } from './parameters';

/** Adds rates and moments to the inputs, `norm` and the next values to the outputs. The parameters themselves are inputs already. */
export function emitUpdateInto(
  g: GraphBuilder,
  trainables: readonly Trainable[],
  gradientOf: (p: Trainable) => string,
  options: TrainOptions,
): void {
  const { adamw, muon: muonSettings, maxNorm } = settings(options);
  const gradients = trainables.map(gradientOf);
  const { norm, factor } = clip(g, gradients, maxNorm);
  g.output('norm', norm, DataType.float, []);
  const rate = (name: string): string => g.once(`input ${name}`, () => g.input(name, DataType.float, [1]));
  const rates = {
    get lr() {
      return rate('lr');
    },
    get muonLr() {
      return rate('muon_lr');
    },
    get correction1() {
      return rate('bc1');
    },
    get correction2() {
      return rate('bc2');
    },
  };
  trainables.forEach(({ name, dims, optimiser, decay }, i) => {
    const suffixes = momentNames[optimiser];
    const moments = suffixes.map(suffix => g.input(`${name}/${suffix}`, DataType.float, dims));
    const gradient = g.node('Mul', [gradients[i]!, factor]);
    const update =
      optimiser === 'muon'
        ? muon(g, name, dims, moments, gradient, rates, { ...muonSettings, decay })
        : adamW(g, name, moments, gradient, rates, { ...adamw, decay });
    g.output(`${name}/o`, update.value, DataType.float, dims);
    suffixes.forEach((suffix, k) => g.output(`${name}/${suffix}/o`, update.moments[k]!, DataType.float, dims));
  });
}
