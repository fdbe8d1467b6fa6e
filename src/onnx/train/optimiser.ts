// From gradients to new parameters: clipping by the global norm, then AdamW or Muon, as nodes of the same graph.
import type { GraphBuilder } from '../graph';

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled; applied to matrices only. */
  decay: number;
}
export interface MuonSettings {
  momentum: number;
  /** Decoupled. */
  decay: number;
}

/** Scalars of the step, inputs of the graph: rates and the bias corrections 1/(1 − βᵗ). */
export interface Rates {
  lr: string;
  muonLr: string;
  correction1: string;
  correction2: string;
}

/** A parameter's next value and its moments', in the order of `momentNames`. */
export interface Update {
  value: string;
  moments: string[];
}

/** Suffixes of a parameter's moments. */
export const momentNames = { adamw: ['m', 'v'], muon: ['m'] } as const;

/** The norm of all gradients together, and the factor min(1, limit/norm) that brings it down to `limit`. */
export function clip(g: GraphBuilder, gradients: readonly string[], limit: number): { norm: string; factor: string } {
  const squares = gradients.map(x => g.node('ReduceSumSquare', [x], { keepdims: 0 }));
  // One by one: Sum has no kernel on WebGPU.
  const norm = g.node('Sqrt', [squares.reduce((sum, x) => g.node('Add', [sum, x]))]);
  const ratio = g.node('Div', [g.scalar(limit), g.node('Add', [norm, g.scalar(1e-6)])]);
  return { norm, factor: g.node('Min', [g.scalar(1), ratio]) };
}

/** m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; p ← p − lr·(m̂/(√v̂ + ε) + λp), m̂ and v̂ corrected for the zero start. */
export function adamW(g: GraphBuilder, p: string, [m, v]: readonly string[], gradient: string, rates: Rates, s: AdamWSettings): Update {
  const mul = (a: string, b: string): string => g.node('Mul', [a, b]);
  const add = (a: string, b: string): string => g.node('Add', [a, b]);
  const first = add(mul(m!, g.scalar(s.beta1)), mul(gradient, g.scalar(1 - s.beta1)));
  const second = add(mul(v!, g.scalar(s.beta2)), mul(mul(gradient, gradient), g.scalar(1 - s.beta2)));
  const root = g.node('Sqrt', [mul(second, rates.correction2)]);
  let step = g.node('Div', [mul(first, rates.correction1), add(root, g.scalar(s.epsilon))]);
  if (s.decay !== 0) step = add(step, mul(p, g.scalar(s.decay)));
  return { value: g.node('Sub', [p, mul(rates.lr, step)]), moments: [first, second] };
}

/** Coefficients of the quintic iteration that drives singular values towards one; Jordan et al., "Muon", 2024. */
const [a, b, c] = [3.4445, -4.775, 2.0315] as const;

/**
 * M ← μM + G; X = G + μM, scaled to norm one and orthogonalised by five steps X ← aX + (bA + cA²)X with A = XXᵀ;
 * W ← (1 − λ·lr)W − lr·√max(1, rows/cols)·X.
 */
export function muon(
  g: GraphBuilder,
  w: string,
  [rows, columns]: readonly number[],
  [m]: readonly string[],
  gradient: string,
  rates: Rates,
  s: MuonSettings,
): Update {
  const mul = (x: string, y: string): string => g.node('Mul', [x, y]);
  const add = (x: string, y: string): string => g.node('Add', [x, y]);
  // XXᵀ belongs on the short side.
  const turn = (x: string): string => (rows! > columns! ? g.node('Transpose', [x], { perm: [1, 0] }) : x);
  const moment = add(mul(m!, g.scalar(s.momentum)), gradient);
  const nesterov = add(gradient, mul(moment, g.scalar(s.momentum)));
  const norm = g.node('Sqrt', [g.node('ReduceSumSquare', [nesterov], { keepdims: 0 })]);
  let x = turn(g.node('Div', [nesterov, add(norm, g.scalar(1e-7))]));
  for (let i = 0; i < 5; i++) {
    const gram = g.node('Gemm', [x, x], { transB: 1 });
    const polynomial = g.node('Gemm', [gram, gram, gram], { alpha: { float: c }, beta: { float: b } });
    x = g.node('Gemm', [polynomial, x, x], { beta: { float: a } });
  }
  const kept = mul(w, g.node('Sub', [g.scalar(1), mul(rates.muonLr, g.scalar(s.decay))]));
  const rate = mul(rates.muonLr, g.scalar(Math.sqrt(Math.max(1, rows! / columns!))));
  return { value: g.node('Sub', [kept, mul(turn(x), rate)]), moments: [moment] };
}
