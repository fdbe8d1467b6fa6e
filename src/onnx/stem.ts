// Reads a checkpoint's module path out of the names exporters give to nodes and weights.

// genai builder, optimum and their quantisers append these to the node that was `…/q_proj/MatMul`.
const nodeName = /^\/?(.+)\/(?:MatMul|Gemm)(?:NBits|_Q\d+(?:G\d+)?|_quant|_DQ_Q\d+|_matmul_Q\d+)?$/;
const weightName = /^(.+?)(?:\.MatMul(?:NBits)?)?\.q?weight(?:_\w+)?$/;

/** The genai builder says `attn` where checkpoints say `self_attn`. */
const asInCheckpoint = (path: string): string => path.replace(/(^|\.)(layers\.\d+)\.attn\./, '$1$2.self_attn.');

/** `/model/layers.3/attn/q_proj/MatMul_Q4` → `model.layers.3.self_attn.q_proj`; undefined for other names. */
export function stemOfNode(name: string): string | undefined {
  const path = nodeName.exec(name)?.[1];
  return path && pathOfNode(path);
}

/** `/model/layers.3/attn/Attention` → `model.layers.3.self_attn.Attention`. */
export const pathOfNode = (name: string): string => asInCheckpoint(name.replace(/^\//, '').replaceAll('/', '.'));

/** `model.layers.3.attn.q_proj.MatMul.weight_Q4` → `model.layers.3.self_attn.q_proj`; undefined for anonymous weights. */
export function stemOfWeight(name: string): string | undefined {
  const path = weightName.exec(name)?.[1];
  return path && asInCheckpoint(path);
}
