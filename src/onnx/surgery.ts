// The one pass that turns a decoder graph, whoever exported it, into the graph the society engine runs.
import { GraphError, graphOf } from './graph-index';
import { addHeads, gatherLogits, type Heads } from './head-surgery';
import { externalise } from './external';
import { loraEdit } from './lora-surgery';
import { quantiseByRow } from './row-quantisation';
import type { GraphProto, ModelProto } from './proto';
import { resolveProjections, type AttentionWidths, type Projection, type Refusal } from './resolve';

export { loraA, loraB } from './lora-surgery';

export interface PrepareOptions extends Heads {
  /** Adapter inputs on every projection, or on those the predicate takes; default true. */
  lora?: boolean | ((projection: Projection) => boolean);
  /** Only the rows named by `logits_index`; default true. */
  gather?: boolean;
  /** Int8 activations are quantised per token instead of per batch, so that rows are independent; default true. */
  rowQuantisation?: boolean;
  /** Weights stay in the original file, which is given to the session under this name. */
  externalFile?: string;
  /** Columns of a fused `qkv_proj`, from the model's config, for graphs that do not show them. */
  widths?: AttentionWidths;
}

export interface Prepared {
  /** Shares payloads with the model given, which is left as it was. */
  model: ModelProto;
  /** The projections that now have inputs `loraA(name)` [batch, K, rank] and `loraB(name)` [batch, rank, N]. */
  modules: Projection[];
  /** Activations are still rounded by the largest of the whole batch: a row's numbers depend on its neighbours. */
  mixesRows: boolean;
  /** Weight products without adapter inputs, with the reason. */
  refusals: Refusal[];
}

function addLora(graph: GraphProto, modules: readonly Projection[]): GraphProto {
  const batch = graph.input.find(i => i.name === 'input_ids' || i.name === 'inputs_embeds')?.type?.tensorType?.shape?.dim[0];
  const edit = loraEdit(modules, batch?.dimValue === undefined ? batch?.dimParam || 'batch_size' : Number(batch.dimValue));
  const node = graph.node.flatMap(n => {
    const at = n.output.findIndex(o => edit.behind.has(o));
    if (at < 0) return [n];
    const { renamed, nodes } = edit.behind.get(n.output[at]!)!;
    return [{ ...n, output: n.output.with(at, renamed) }, ...nodes];
  });
  return { ...graph, node, input: [...graph.input, ...edit.inputs] };
}

/**
 * Edits a decoder with outputs `logits` [batch, sequence, vocabulary] and, as hub exports have it, a KV cache.
 * @throws GraphError when the graph has no such form
 */
export function prepareGraph(model: ModelProto, options: PrepareOptions = {}): Prepared {
  const { lora = true, gather = true, rowQuantisation = true, externalFile, widths } = options;
  const { projections, refusals } = resolveProjections(model, widths);
  const modules = lora === false ? [] : projections.filter(lora === true ? () => true : lora);
  let graph = addLora(graphOf(model), modules);
  const names = new Set(graph.input.map(i => i.name));
  if (names.size !== graph.input.length) throw new GraphError('the graph already has adapter inputs');
  if (gather) graph = gatherLogits(graph);
  if (rowQuantisation) graph = quantiseByRow(model, graph);
  graph = addHeads(model, graph, options);
  if (externalFile !== undefined) graph = externalise(graph, externalFile);
  const mixesRows = graph.node.some(n => n.opType === 'DynamicQuantizeLinear' || n.opType === 'DynamicQuantizeMatMul');
  return { model: { ...model, graph }, modules, refusals, mixesRows };
}
