// Leaves large weights where they are: the edited graph points into the bytes of the file it was read from.
import type { GraphProto, StringStringEntryProto } from './proto';

const entry = (key: string, value: string | number): StringStringEntryProto => ({ key, value: String(value) });

/**
 * Marks tensors of at least `minBytes` as external data of `location`, at their own offset in the decoded file. The model must have been
 * decoded from that file whole; load the result with `externalData: [{ path: location, data: originalBytes }]`.
 */
export function externalise(graph: GraphProto, location: string, minBytes = 1024): GraphProto {
  const initializer = graph.initializer.map(tensor => {
    const { rawData, rawDataOffset, ...rest } = tensor;
    if (!rawData || rawDataOffset === undefined || rawData.length < minBytes) return tensor;
    return {
      ...rest,
      externalData: [entry('location', location), entry('offset', rawDataOffset), entry('length', rawData.length)],
      dataLocation: 1,
    };
  });
  return { ...graph, initializer };
}
