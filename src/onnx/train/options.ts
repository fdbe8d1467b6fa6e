// What a training step can be asked for, and what it does when not asked.
import type { IndexSum } from './ops';
import type { AdamWSettings, MuonSettings } from './optimiser';

/** The seven matrices of a layer, by the last part of their path. */
export const linearNames = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearName = (typeof linearNames)[number];

export interface LoraOptions {
  /** Rank of the update. */
  r: number;
  /** The update is scaled by alpha / r, or by alpha / √r when rank-stabilised. */
  alpha: number;
  rankStabilised?: boolean;
  /** Matrices that get an adapter; all seven by default. */
  targets?: readonly LinearName[];
}

export interface TrainOptions {
  /** `full` trains every parameter; otherwise the base is frozen inside the graph and only adapters are trained. */
  mode: 'full' | LoraOptions;
  /** `muon` is for pretraining in full mode: hidden matrices by Muon, embedding, head and norms by AdamW. */
  optimiser?: 'adamw' | 'muon';
  adamw?: Partial<AdamWSettings>;
  muon?: Partial<MuonSettings>;
  /** Largest global norm of the gradients; Infinity leaves them alone. Default 1. */
  maxNorm?: number;
  /** Sums the embedding's gradient by index; by default a product with a one-hot matrix up to 512 entries, a scatter above. */
  indexSum?: IndexSum;
  /**
   * Writes the graph in operations that have kernels on WebGPU: transposed copies for FusedMatMul, comparisons for OneHot. Otherwise those
   * would run on the processor, with a copy there and back around each. Taken from the runtime unless given.
   */
  webgpu?: boolean;
}

/** The settings in force. AdamW beside Muon follows the pretraining recipe, alone the finetuning one. */
export function settings(options: TrainOptions) {
  const beside = options.optimiser === 'muon';
  const adamw: AdamWSettings = { beta1: 0.9, beta2: beside ? 0.97 : 0.98, epsilon: 1e-8, decay: beside ? 0 : 0.01, ...options.adamw };
  const muon: MuonSettings = { momentum: 0.95, decay: 0.02, ...options.muon };
  const oneHot: IndexSum = options.webgpu ? 'compare' : 'onehot';
  const indexSumOf = (vocab: number): IndexSum => options.indexSum ?? (vocab <= 512 ? oneHot : 'scatter');
  return { adamw, muon, maxNorm: options.maxNorm ?? 1, indexSumOf };
}
