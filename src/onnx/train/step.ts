// One training step of a Llama decoder — forward, backward, clipping, update — as an ordinary inference graph.
import { llamaShapes, type LlamaConfig, type Weights } from '../llama';
import { DataType, type ModelProto } from '../proto';
import { attention } from './attention';
import { add, embed, linear, oneHot, rmsNorm, scale, swiglu } from './ops';
import { adamwUpdate, clipFactor, muonUpdate, type Trainable } from './optimisers';
import { Tape } from './tape';

/** Everything is trained, or low-rank factors beside frozen matrices (y = xWᵀ + α/r · xAᵀBᵀ). */
export type TrainMode = { kind: 'full'; hidden: 'muon' | 'adamw' } | { kind: 'lora'; rank: number; alpha: number; weights: Weights };

export interface TrainStep {
  model: ModelProto;
  /** Inputs of these names, with the state tensors listed; each comes back as `<name>/o`. */
  trainables: (Trainable & { state: readonly ('m' | 'v')[] })[];
}

export const loraNames = (module: string): { a: string; b: string } => ({ a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` });

/**
 * Inputs `ids`, `tgt` int64 [batch, length], `wt` float [batch, length] (loss = Σ wt · nll), the tables of `tables.ts`, `lr` [1] for AdamW,
 * `muon_lr` [1] where Muon is used, `bc1`, `bc2` [1], and every trainable with its state. Outputs `loss` and the new values.
 */
export function buildTrainStep(c: LlamaConfig, mode: TrainMode): TrainStep {
  const t = new Tape();
  const dims = new Map(llamaShapes(c));
  const trainables: TrainStep['trainables'] = [];
  const train = (name: string, shape: number[], state: readonly ('m' | 'v')[]): string => {
    t.input(name, DataType.float, shape);
    trainables.push({ name, dims: shape, state });
    return t.watch(name);
  };
  const parameter = (name: string): string => {
    const shape = dims.get(name)!;
    if (mode.kind === 'lora') return t.initializer(name, shape, DataType.float, mode.weights[name]!.data);
    const hiddenMatrix = name.startsWith('model.layers.') && shape.length === 2;
    return train(name, shape, hiddenMatrix && mode.hidden === 'muon' ? ['m'] : ['m', 'v']);
  };
  const projection = (x: string, module: string): string => {
    const y = linear(t, x, parameter(`${module}.weight`));
    if (mode.kind === 'full') return y;
    const [out, inner] = dims.get(`${module}.weight`)! as [number, number];
    const { a, b } = loraNames(module);
    const low = linear(t, x, train(a, [mode.rank, inner], ['m', 'v']));
    return add(t, y, scale(t, linear(t, low, train(b, [out, mode.rank], ['m', 'v'])), mode.alpha / mode.rank));
  };

  const ids = t.input('ids', DataType.int64, ['B', 'T']);
  const targets = t.input('tgt', DataType.int64, ['B', 'T']);
  const weights = t.input('wt', DataType.float, ['B', 'T']);
  const rate = t.input('lr', DataType.float, [1]);
  const [bc1, bc2] = ['bc1', 'bc2'].map(name => t.input(name, DataType.float, [1])) as [string, string];
  const positions = {
    ids,
    cos: t.input('cos', DataType.float, ['T', 1, c.headDim]),
    sin: t.input('sin', DataType.float, ['T', 1, c.headDim]),
    mask: t.input('mask', DataType.float, ['T', 'T']),
  };
  const flat = (x: string): string => t.node('Reshape', [x, t.ints([-1])]);
  const norm = (x: string, name: string): string => rmsNorm(t, x, parameter(`${name}.weight`), c.eps);

  const table = parameter('model.embed_tokens.weight');
  let x = embed(t, table, flat(ids), c.vocab);
  for (let layer = 0; layer < c.layers; layer++) {
    const path = `model.layers.${layer}`;
    const h = norm(x, `${path}.input_layernorm`);
    const [q, k, v] = ['q', 'k', 'v'].map(p => projection(h, `${path}.self_attn.${p}_proj`)) as [string, string, string];
    x = add(t, x, projection(attention(t, positions, c, q, k, v), `${path}.self_attn.o_proj`));
    const m = norm(x, `${path}.post_attention_layernorm`);
    const gated = swiglu(t, projection(m, `${path}.mlp.gate_proj`), projection(m, `${path}.mlp.up_proj`));
    x = add(t, x, projection(gated, `${path}.mlp.down_proj`));
  }
  const logits = linear(t, norm(x, 'model.norm'), c.tied ? table : parameter('lm_head.weight'));

  const logp = t.node('LogSoftmax', [logits], { axis: -1 });
  const column = (y: string): string => t.node('Reshape', [y, t.ints([-1, 1])]);
  const weight = column(weights);
  const chosen = t.node('GatherElements', [logp, column(targets)], { axis: 1 });
  t.output('loss', t.node('Neg', [t.node('ReduceSum', [t.node('Mul', [chosen, weight])], { keepdims: 0 })]), DataType.float, []);
  t.accumulate(logits, () => t.node('Mul', [t.node('Sub', [t.node('Exp', [logp]), oneHot(t, flat(targets), c.vocab)]), weight]));
  t.backward();

  const clip = clipFactor(
    t,
    trainables.map(p => t.gradient(p.name)),
    1,
  );
  const muonRate = trainables.some(p => p.state.length === 1) ? t.input('muon_lr', DataType.float, [1]) : '';
  for (const p of trainables) {
    const gradient = t.node('Mul', [t.gradient(p.name), clip]);
    if (p.state.length === 1) muonUpdate(t, p, gradient, muonRate);
    else adamwUpdate(t, p, gradient, rate, bc1, bc2);
  }
  return { model: t.build('train'), trainables };
}
