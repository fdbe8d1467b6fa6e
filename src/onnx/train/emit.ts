// Emits one training step of a Llama-architecture model (forward, backward, clip, update) as an ordinary ONNX inference graph.
import { GraphBuilder } from '../graph';
import { llamaShapes, type LlamaConfig, type Weights } from '../llama';
import { DataType, type ModelProto } from '../proto';
import { llamaLogits } from './forward';
import { crossEntropy } from './ops';
import { adamW, clip, momentNames, muon } from './optimiser';
import { settings, type TrainOptions } from './options';
import { Parameters, type Trainable } from './parameters';
import { Tape } from './tape';

export interface TrainStep {
  model: ModelProto;
  /** In the order of their first use. */
  trainables: Trainable[];
}

/**
 * Inputs: `ids`, `tgt` int64 [B, T]; `wt` [B, T], 0 on prompt and padding; `cos`, `sin` [T, 1, headDim] and `mask` [T, T] (`attentionTables`;
 * the causal mask suffices because rows are padded on the right); `lr`, `bc1`, `bc2` [1], the last two 1/(1 − βᵗ); `muon_lr` [1] with Muon;
 * each trainable `p` with its moments `p/m` (and `p/v` for AdamW).
 * Outputs: `loss` = Σ wt·nll; `norm`, that of the gradients before clipping; `p/o`, `p/m/o`, `p/v/o`, the next step's inputs.
 * Weights are read only in LoRA mode, where they become constants of the graph.
 * @throws RangeError when a weight is missing or has the wrong shape, or Muon is asked to train adapters
 */
export function emitTrainStep(config: LlamaConfig, weights: Weights, options: TrainOptions): TrainStep {
  if (options.optimiser === 'muon' && options.mode !== 'full') throw new RangeError('Muon trains full matrices, not adapters');
  const { adamw, muon: muonSettings, indexSum, maxNorm } = settings(options, config.vocab);
  const g = new GraphBuilder();
  const tape = new Tape(g);
  const parameters = new Parameters(tape, llamaShapes(config), weights, options);

  const rows = (name: string, type: number): string => g.input(name, type, ['B', 'T']);
  const ids = rows('ids', DataType.int64);
  const column = (x: string): string => g.node('Reshape', [x, g.ints([-1, 1])]);
  const targets = column(rows('tgt', DataType.int64));
  const rowWeights = column(rows('wt', DataType.float));
  const rotary = (name: string): string => g.input(name, DataType.float, ['T', 1, config.headDim]);
  const tables = { cos: rotary('cos'), sin: rotary('sin'), mask: g.input('mask', DataType.float, ['T', 'T']) };

  const logits = llamaLogits(tape, config, parameters, { ids, ...tables }, indexSum);
  g.output('loss', crossEntropy(tape, logits, targets, rowWeights), DataType.float, []);
  tape.backward();

  const { trainables } = parameters;
  const { norm, factor } = clip(
    g,
    trainables.map(p => tape.gradient(p.name)),
    maxNorm,
  );
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
  for (const { name, dims, optimiser, decay } of trainables) {
    const suffixes = momentNames[optimiser];
    const moments = suffixes.map(suffix => g.input(`${name}/${suffix}`, DataType.float, dims));
    const gradient = g.node('Mul', [tape.gradient(name), factor]);
    const update =
      optimiser === 'muon'
        ? muon(g, name, dims, moments, gradient, rates, { ...muonSettings, decay })
        : adamW(g, name, moments, gradient, rates, { ...adamw, decay });
    g.output(`${name}/o`, update.value, DataType.float, dims);
    suffixes.forEach((suffix, i) => g.output(`${name}/${suffix}/o`, update.moments[i]!, DataType.float, dims));
  }
  return { model: g.build('train-step'), trainables };
}
