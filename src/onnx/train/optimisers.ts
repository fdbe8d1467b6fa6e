// Parameter updates as graph nodes. State goes in and comes out as tensors, so a run can stop and resume anywhere.
import { DataType } from '../proto';
import type { Tape } from './tape';

/** One trainable and where its gradient stands. State tensors are named `<name>/m`, `<name>/v`; new values `<name>/o`, `<name>/m/o`, … */
export interface Trainable {
  name: string;
  dims: number[];
}

export const adamw = { beta1: 0.9, beta2: 0.98, eps: 1e-8, decay: 0.01 } as const;
const muonSettings = { momentum: 0.95, decay: 0.02, quintic: [3.4445, -4.775, 2.0315] } as const;

/** Scales every gradient by min(1, limit / norm of all); returns the factor. */
export function clipFactor(t: Tape, gradients: readonly string[], limit: number): string {
  const squares = gradients.map(gradient => t.node('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const norm = t.node('Sqrt', [squares.length > 1 ? t.node('Sum', squares) : squares[0]!]);
  return t.node('Min', [t.scalar(1), t.node('Div', [t.scalar(limit), t.node('Add', [norm, t.scalar(1e-6)])])]);
}

function state(t: Tape, p: Trainable, kind: 'm' | 'v'): string {
  return t.input(`${p.name}/${kind}`, DataType.float, p.dims);
}
function emit(t: Tape, p: Trainable, suffix: string, value: string): void {
  t.output(`${p.name}${suffix}`, value, DataType.float, p.dims);
}

/**
 * AdamW with bias corrections from the host: bc = 1 / (1 − βᵗ). Decay acts on matrices only.
 * @param rate learning rate, [1]
 */
export function adamwUpdate(t: Tape, p: Trainable, gradient: string, rate: string, bc1: string, bc2: string): void {
  const mix = (old: string, beta: number, fresh: string): string =>
    t.node('Add', [t.node('Mul', [old, t.scalar(beta)]), t.node('Mul', [fresh, t.scalar(1 - beta)])]);
  const m = mix(state(t, p, 'm'), adamw.beta1, gradient);
  const v = mix(state(t, p, 'v'), adamw.beta2, t.node('Mul', [gradient, gradient]));
  const root = t.node('Add', [t.node('Sqrt', [t.node('Mul', [v, bc2])]), t.scalar(adamw.eps)]);
  let step = t.node('Div', [t.node('Mul', [m, bc1]), root]);
  if (p.dims.length > 1) step = t.node('Add', [step, t.node('Mul', [p.name, t.scalar(adamw.decay)])]);
  emit(t, p, '/o', t.node('Sub', [p.name, t.node('Mul', [rate, step])]));
  emit(t, p, '/m/o', m);
  emit(t, p, '/v/o', v);
}

/**
 * Muon (Keller Jordan, 2024): momentum, made nearly orthogonal by five Newton–Schulz steps; for hidden matrices.
 * @param rate learning rate, [1]
 */
export function muonUpdate(t: Tape, p: Trainable, gradient: string, rate: string): void {
  const [rows, columns] = p.dims as [number, number];
  const [a, b, c] = muonSettings.quintic;
  const mul = (x: string, y: string): string => t.node('Mul', [x, y]);
  const momentum = t.scalar(muonSettings.momentum);
  const m = t.node('Add', [mul(state(t, p, 'm'), momentum), gradient]);
  let x = t.node('Add', [gradient, mul(m, momentum)]); // Nesterov
  x = t.node('Div', [x, t.node('Add', [t.node('Sqrt', [t.node('ReduceSumSquare', [x], { keepdims: 0 })]), t.scalar(1e-7)])]);
  const turn = (y: string): string => (rows > columns ? t.node('Transpose', [y], { perm: [1, 0] }) : y); // the Gram matrix on the short side
  x = turn(x);
  for (let i = 0; i < 5; i++) {
    const gram = t.node('Gemm', [x, x], { transB: 1 });
    const polynomial = t.node('Gemm', [gram, gram, mul(gram, t.scalar(b))], { alpha: { float: c } });
    x = t.node('Gemm', [polynomial, x, mul(x, t.scalar(a))]);
  }
  x = turn(x);
  const shrink = t.node('Sub', [t.scalar(1), mul(rate, t.scalar(muonSettings.decay))]);
  emit(t, p, '/o', t.node('Sub', [mul(p.name, shrink), mul(x, mul(rate, t.scalar(Math.sqrt(Math.max(1, rows / columns)))))]));
  emit(t, p, '/m/o', m);
}
