// A graph edit for runtimes that copy whatever comes out: next to the whole cache, only the slot a step has just written.
import { valueInfo } from '../onnx/graph';
import { nodeProto } from '../onnx/graph-index';
import { DataType, type ModelProto } from '../onnx/proto';

export const SLOT_INDEX = 'slot_index';
export const slotOf = (present: string): string => `slot.${present}`;

/**
 * New required input `slot_index` [batch, heads, 2] (head, position) and, for every `present.*` [batch, heads, total, width], an output
 * `slot.present.*` [batch, heads, width]. A run that asks only for those never hands the cache itself to JavaScript.
 */
export function addSlotOutputs(model: ModelProto): ModelProto {
  const graph = model.graph!;
  const presents = graph.output.filter(o => o.name?.startsWith('present.'));
  const dims = presents.map(o => (o.type?.tensorType?.shape?.dim ?? []).map(d => (d.dimValue === undefined ? null : Number(d.dimValue))));
  const heads = dims[0]?.[1];
  // One index serves all layers only where they have equally many heads.
  if (!heads || dims.some(d => d[1] !== heads || !d[3])) return model;
  const batch = graph.input.find(i => i.name === 'input_ids')?.type?.tensorType?.shape?.dim[0]?.dimParam || 'batch_size';
  return {
    ...model,
    graph: {
      ...graph,
      node: [...graph.node, ...presents.map(o => nodeProto('GatherND', [o.name!, SLOT_INDEX], [slotOf(o.name!)], { batch_dims: 1 }))],
      input: [...graph.input, valueInfo(SLOT_INDEX, DataType.int64, [batch, heads, 2])],
      output: [
        ...graph.output,
        ...presents.map((o, i) => valueInfo(slotOf(o.name!), o.type?.tensorType?.elemType ?? DataType.float, [batch, heads, dims[i]![3]!])),
      ],
    },
  };
}
