// Emits the graphs of training a Llama-architecture model as ordinary ONNX inference graphs: one whole step (forward, backward, clip, update),
// the same in two parts for batches that are summed up piece by piece, and the forward pass alone.
import { GraphBuilder } from '../graph';
import { llamaShapes, type LlamaConfig, type Weights } from '../llama-shapes';
import { DataType, type ModelProto } from '../proto';
import { llamaLogits } from './forward';
import { crossEntropy, type Loss } from './loss';
import type { TrainOptions } from './options';
import { Parameters, type Trainable } from './parameters';
import { Tape } from './tape';
import { emitUpdateInto } from './update';

export interface TrainGraph {
  model: ModelProto;
  /** In the order of their first use. */
  trainables: Trainable[];
}

interface ForwardPass {
  graph: GraphBuilder;
  tape: Tape;
  trainables: Trainable[];
  loss: Loss;
}

/**
 * Inputs of every forward pass: `ids` int64 [B, T]; `rows` int64 [N], the positions b·T + t that are learnt; `tgt` int64 [N, 1], their
 * targets; `cos`, `sin` [T, headDim / 2] and `mask` [T, T] (`attentionTables`; the causal mask suffices because rows are padded on the
 * right); each trainable `p`. With a loss also `wt` [N, 1]; with gradients `back` int64 [B·T], where each position stands in `rows`, else N.
 * In LoRA mode the model's weights are constants of the graph.
 * @throws RangeError when a weight is missing or has the wrong shape, or Muon is asked to train adapters
 */
function forwardPass(config: LlamaConfig, weights: Weights, options: TrainOptions): ForwardPass {
  if (options.optimiser === 'muon' && options.mode !== 'full') throw new RangeError('Muon trains full matrices, not adapters');
  const g = new GraphBuilder();
  const tape = new Tape(g);
  const parameters = new Parameters(tape, llamaShapes(config), weights, options);
  const rotary = (name: string): string => g.input(name, DataType.float, ['T', config.headDim / 2]);
  const inputs = {
    ids: g.input('ids', DataType.int64, ['B', 'T']),
    rows: g.input('rows', DataType.int64, ['N']),
    back: () => g.once('input back', () => g.input('back', DataType.int64, ['B*T'])),
    cos: rotary('cos'),
    sin: rotary('sin'),
    mask: g.input('mask', DataType.float, ['T', 'T']),
  };
  const targets = g.input('tgt', DataType.int64, ['N', 1]);
  const logits = llamaLogits(tape, config, parameters, inputs, options);
  return { graph: g, tape, trainables: parameters.trainables, loss: crossEntropy(tape, logits, targets) };
}

/** Forward and backward. Outputs `loss` = Σ wt·nll and `correct`, the number of targets that no other token beats. */
function emitBackward({ graph: g, tape, loss }: ForwardPass): void {
  const total = loss.total(g.input('wt', DataType.float, ['N', 1]));
  g.output('loss', total, DataType.float, []);
  g.output('correct', g.node('ReduceSum', [loss.hits()], { keepdims: 0 }), DataType.float, []);
  tape.backward(total);
}

/**
 * One whole step. Further inputs: `lr`, `bc1`, `bc2` [1], the last two 1/(1 − βᵗ); `muon_lr` [1] with Muon; each trainable's moments `p/m`
 * (and `p/v` for AdamW). Further outputs: `norm`, that of the gradients before clipping; `p/o`, `p/m/o`, `p/v/o`, the next step's inputs.
 */
export function emitTrainStep(config: LlamaConfig, weights: Weights, options: TrainOptions): TrainGraph {
  const pass = forwardPass(config, weights, options);
  emitBackward(pass);
  const { graph, tape, trainables } = pass;
  emitUpdateInto(graph, trainables, p => tape.gradient(p.name), options);
  return { model: graph.build('train-step'), trainables };
}

/** A part of a batch. Further inputs: `p/g`, the gradients so far, per trainable. Further outputs: `p/g/o`, with those of this part added. */
export function emitGradients(config: LlamaConfig, weights: Weights, options: TrainOptions): TrainGraph {
  const pass = forwardPass(config, weights, options);
  const { graph, tape, trainables } = pass;
  for (const p of trainables) tape.give(p.name, () => graph.input(`${p.name}/g`, DataType.float, p.dims));
  emitBackward(pass);
  for (const p of trainables) graph.output(`${p.name}/g/o`, tape.gradient(p.name), DataType.float, p.dims);
  return { model: graph.build('gradients'), trainables };
}

/** What `emitTrainStep` does after the backward pass; each trainable `p` and its gradient `p/g` are inputs. */
export function emitUpdate(trainables: readonly Trainable[], options: TrainOptions): ModelProto {
  const g = new GraphBuilder();
  for (const p of trainables) g.input(p.name, DataType.float, p.dims);
  emitUpdateInto(g, trainables, p => g.input(`${p.name}/g`, DataType.float, p.dims), options);
  return g.build('update');
}

/** Forward only. Outputs `nll` and `hits` [N, 1]. */
export function emitEvaluation(config: LlamaConfig, weights: Weights, options: TrainOptions): TrainGraph {
  const { graph: g, trainables, loss } = forwardPass(config, weights, options);
  g.output('nll', loss.nll, DataType.float, ['N', 1]);
  g.output('hits', loss.hits(), DataType.float, ['N', 1]);
  return { model: g.build('evaluation'), trainables };
}
