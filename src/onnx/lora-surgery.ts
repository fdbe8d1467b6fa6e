// Adds a low-rank adapter per batch row to every projection, so that one pass over the weights serves rows of different agents.
import { valueInfo } from './graph';
import { nodeProto } from './graph-index';
import type { NodeProto, ValueInfoProto } from './proto';
import type { Projection } from './resolve';

/** Input [batch, K, rank], already transposed. */
export const loraA = (module: string): string => `${module}.lora_A.weight`;
/** Input [batch, rank, N], already transposed and multiplied by the adapter's scale. */
export const loraB = (module: string): string => `${module}.lora_B.weight`;

export interface LoraEdit {
  inputs: ValueInfoProto[];
  /** Nodes to stand directly behind the producer of a tensor. */
  behind: Map<string, { renamed: string; nodes: NodeProto[] }>;
}

/**
 * Y = base(X) + (X·A)·B with A and B as required inputs: onnxruntime silently ignores feeds for inputs that have a default.
 * Each module has a rank symbol of its own, because the runtime reuses buffers between tensors whose symbols are equal.
 */
export function loraEdit(projections: readonly Projection[], batch: string | number): LoraEdit {
  const edit: LoraEdit = { inputs: [], behind: new Map() };
  for (const { name, K, N, x, y, dataType } of projections) {
    const rank = `${name}.lora_r`;
    edit.inputs.push(valueInfo(loraA(name), dataType, [batch, K, rank]), valueInfo(loraB(name), dataType, [batch, rank, N]));
    const [base, low, delta] = [`${y}/without_lora`, `${y}/lora_low`, `${y}/lora_delta`];
    edit.behind.set(y, {
      renamed: base,
      nodes: [
        nodeProto('MatMul', [x, loraA(name)], [low]),
        nodeProto('MatMul', [low, loraB(name)], [delta]),
        nodeProto('Add', [base, delta], [y]),
      ],
    });
  }
  return edit;
}
