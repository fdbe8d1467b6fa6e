// A key/value cache in device memory that the model reads and writes in place: nothing is copied from step to step.
import { evenWidth } from './even-width';
import type { KvCache } from './cache';
import type { DecoderShape } from './decoder-shape';
import type { DeviceMemory, Tensor } from './runtime';

/**
 * @param longest slots per row: what the longest row may come to
 *
 * The same tensor goes in as past and comes out as present; attention finds the two equal and appends in place.
 */
export function staticCache(memory: DeviceMemory, { slots }: DecoderShape, rows: number, longest: number): KvCache {
  let held: Tensor[] = slots.map(s => memory.allocate(s.type, [rows, s.heads, evenWidth(longest), s.headDim]));
  const named = (name: 'past' | 'present') => Object.fromEntries(slots.map((s, i) => [s[name], held[i]!]));
  return {
    maskWidth: (fed, used) => Math.max(fed, used),
    feeds: () => named('past'),
    fetches: () => named('present'),
    take: () => undefined,
    keep(kept) {
      held = held.map(tensor => memory.keepRows(tensor, kept));
    },
    dispose() {
      held.forEach(tensor => tensor.dispose());
      held = [];
    },
  };
}
