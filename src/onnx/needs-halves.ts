// Whether a graph has numbers of 16 bits in it: a graphics card without 16-bit shaders cannot run such a one.
import { DataType, type GraphProto, type ModelProto } from './proto';

const half = (type: number | bigint | undefined): boolean => type !== undefined && Number(type) === DataType.float16;

/** Stored weights, what enters and leaves, what is cast on the way; branches included. */
function hasHalves({ initializer, input, output, valueInfo, node }: GraphProto): boolean {
  return (
    initializer.some(({ dataType }) => half(dataType)) ||
    [...input, ...output, ...valueInfo].some(({ type }) => half(type?.tensorType?.elemType)) ||
    node.some(({ opType, attribute }) =>
      attribute.some(
        ({ name, i, t, g, graphs }) =>
          (opType === 'Cast' && name === 'to' && half(i)) || half(t?.dataType) || [...(g ? [g] : []), ...graphs].some(hasHalves),
      ),
    )
  );
}

export const needsHalves = ({ graph }: ModelProto): boolean => graph !== undefined && hasHalves(graph);
