// A key/value cache in JavaScript's memory that the runtime reads in place; each step hands back only the slots it wrote.
// onnxruntime-node copies every output into new memory: with whole caches that is megabytes per step, and garbage for the collector.
import type { KvCache } from './cache';
import type { CacheSlot, DecoderShape } from './decoder-shape';
import { keepRowsInPlace } from './host-rows';
import type { Feeds, FloatType, Runtime, Tensor } from './runtime';
import { SLOT_INDEX, slotOf } from './slot-outputs';

/** Slots added at a time: the runtime clears the whole width at every step, so it should not be much wider than the rows are long. */
const MARGIN = 32;

type Values = Float32Array | Uint16Array;
const zeros = (type: FloatType, size: number): Values => (type === 'float16' ? new Uint16Array(size) : new Float32Array(size));

/** @param once there will be no step after the first run: nothing is handed back */
export function slotCache(runtime: Runtime, { slots }: DecoderShape, rows: number, once = false): KvCache {
  let width = 0;
  let count = rows;
  let held: Values[] = slots.map(s => zeros(s.type, 0));
  const tensor = (s: CacheSlot, data: Values): Tensor => {
    const dims = [count, s.heads, width, s.headDim];
    return s.type === 'float16'
      ? runtime.tensor('float16', data as Uint16Array, dims)
      : runtime.tensor('float32', data as Float32Array, dims);
  };
  /** Copies caches of `from` slots per head into ones of `to`. */
  const widen = (s: CacheSlot, data: Values, from: number, to: number): Values => {
    const wide = zeros(s.type, count * s.heads * to * s.headDim);
    for (let i = 0; i < count * s.heads; i++) wide.set(data.subarray(i * from * s.headDim, (i + 1) * from * s.headDim), i * to * s.headDim);
    return wide;
  };
  const valuesOf = (outputs: Feeds, name: string): Values => outputs[name]!.data as Values;
  let filled = false;
  return {
    maskWidth: (fed, longest) => Math.max(fed, longest),
    feeds(lengths) {
      const longest = Math.max(...lengths);
      if (filled && longest > width) {
        const wider = longest + MARGIN;
        held = held.map((data, i) => widen(slots[i]!, data, width, wider));
        width = wider;
      }
      const heads = slots[0]!.heads;
      const index = new BigInt64Array(count * heads * 2);
      for (let at = 0; at < count * heads; at++) index[2 * at] = BigInt(at % heads);
      if (filled)
        lengths.forEach((length, row) => {
          const last = BigInt(length - 1);
          for (let head = 0; head < heads; head++) index[2 * (row * heads + head) + 1] = last;
        });
      return {
        ...Object.fromEntries(slots.map((s, i) => [s.past, tensor(s, held[i]!)])),
        [SLOT_INDEX]: runtime.tensor('int64', index, [count, heads, 2]),
      };
    },
    fetches: () => (once ? {} : Object.fromEntries(slots.map(s => [filled ? slotOf(s.present) : s.present, null]))),
    take(outputs, fed, lengths) {
      if (once) return;
      if (!filled) {
        width = fed + MARGIN;
        held = slots.map(s => widen(s, valuesOf(outputs, s.present), fed, width));
        filled = true;
        return;
      }
      slots.forEach((s, layer) => {
        const written = valuesOf(outputs, slotOf(s.present));
        const data = held[layer]!;
        const { heads, headDim } = s;
        for (let row = 0, from = 0; row < count; row++)
          for (let head = 0; head < heads; head++) {
            const to = ((row * heads + head) * width + lengths[row]! - 1) * headDim;
            // A few dozen numbers: views on the arrays would cost more than the copy.
            for (let i = 0; i < headDim; i++) data[to + i] = written[from++]!;
          }
      });
    },
    keep(kept) {
      held = held.map((data, i) => keepRowsInPlace(data, slots[i]!.heads * width * slots[i]!.headDim, kept));
      count = kept.length;
    },
    dispose() {
      held = [];
    },
  };
}
