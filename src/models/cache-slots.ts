// A key/value cache in JavaScript's memory that the runtime reads in place; each step hands back only the slots it wrote.
// onnxruntime-node copies every output into new memory: with whole caches that is megabytes per step, and garbage for the collector.
import type { KvCache } from './cache';
import type { CacheSlot, DecoderShape } from './decoder-shape';
import { int64s } from './int64';
import { keepRowsInPlace } from './host-rows';
import type { KeptMemory, Values } from './kept-memory';
import type { Feeds, Runtime, Tensor } from './runtime';
import { SLOT_INDEX, slotOf } from './slot-outputs';

/** Slots added at a time: the runtime clears the whole width at every step, so it should not be much wider than the rows are long. */
const MARGIN = 32;

const eightBytes = ({ buffer, byteOffset, byteLength }: Values): Float64Array => new Float64Array(buffer, byteOffset, byteLength >> 3);

/**
 * @param memory where the cache lies, and goes back to
 * @param once there will be no step after the first run: nothing is handed back
 */
export function slotCache(runtime: Runtime, { slots }: DecoderShape, memory: KeptMemory, rows: number, once = false): KvCache {
  let width = 0;
  let count = rows;
  let held: Values[] = slots.map(s => (s.type === 'float16' ? new Uint16Array(0) : new Float32Array(0)));
  const tensor = (s: CacheSlot, data: Values): Tensor => {
    const dims = [count, s.heads, width, s.headDim];
    return s.type === 'float16'
      ? runtime.tensor('float16', data as Uint16Array, dims)
      : runtime.tensor('float32', data as Float32Array, dims);
  };
  /** Copies caches of `from` slots per head into ones of `to`. */
  const widen = (s: CacheSlot, data: Values, from: number, to: number): Values => {
    const wide = memory.take(s.type, count * s.heads * to * s.headDim);
    for (let i = 0; i < count * s.heads; i++) wide.set(data.subarray(i * from * s.headDim, (i + 1) * from * s.headDim), i * to * s.headDim);
    return wide;
  };
  const valuesOf = (outputs: Feeds, name: string): Values => outputs[name]!.data as Values;
  let filled = false;
  // Handles for what is held; none while they would not fit any more.
  let past: Feeds | null = null;
  return {
    maskWidth: (fed, longest) => Math.max(fed, longest),
    feeds(lengths) {
      const longest = Math.max(...lengths);
      if (filled && longest > width) {
        const wider = longest + MARGIN;
        held = held.map((data, i) => {
          const wide = widen(slots[i]!, data, width, wider);
          memory.give(data);
          return wide;
        });
        width = wider;
        past = null;
      }
      const heads = slots[0]!.heads;
      // (head, position) of the slot that each row writes.
      const index = int64s(count * heads * 2, i => {
        const at = i >> 1;
        return i % 2 === 0 ? at % heads : filled ? lengths[Math.floor(at / heads)]! - 1 : 0;
      });
      past ??= Object.fromEntries(slots.map((s, i) => [s.past, tensor(s, held[i]!)]));
      return {
        ...past,
        [SLOT_INDEX]: runtime.tensor('int64', index, [count, heads, 2]),
      };
    },
    fetches: () => (once ? {} : Object.fromEntries(slots.map(s => [filled ? slotOf(s.present) : s.present, null]))),
    take(outputs, fed, lengths) {
      if (once) return;
      if (!filled) {
        width = fed + MARGIN;
        held = slots.map(s => widen(s, valuesOf(outputs, s.present), fed, width));
        past = null;
        filled = true;
        return;
      }
      slots.forEach((s, layer) => {
        const written = valuesOf(outputs, slotOf(s.present));
        const data = held[layer]!;
        const { heads, headDim } = s;
        // Eight bytes at a time where they fit: a few dozen numbers, for which views on the arrays would cost more than the copy.
        const wide = (headDim * data.BYTES_PER_ELEMENT) % 8 === 0 && written.byteOffset % 8 === 0 && data.byteOffset % 8 === 0;
        const [into, out] = wide ? [eightBytes(data), eightBytes(written)] : [data, written];
        const step = wide ? (headDim * data.BYTES_PER_ELEMENT) / 8 : headDim;
        for (let row = 0, from = 0; row < count; row++)
          for (let head = 0; head < heads; head++) {
            const to = ((row * heads + head) * width + lengths[row]! - 1) * step;
            for (let i = 0; i < step; i++) into[to + i] = out[from++]!;
          }
      });
    },
    keep(kept) {
      held = held.map((data, i) => keepRowsInPlace(data, slots[i]!.heads * width * slots[i]!.headDim, kept));
      count = kept.length;
      past = null;
    },
    dispose() {
      held.forEach(data => memory.give(data));
      held = [];
      past = null;
    },
  };
}
