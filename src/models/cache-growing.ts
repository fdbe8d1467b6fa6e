// A key/value cache that every run returns one slot wider. Works on every device that hands tensors back to JavaScript.
import type { DecoderShape } from './decoder-shape';
import type { KvCache } from './cache';
import { keepRowsInPlace } from './host-rows';
import type { Feeds, Runtime, Tensor } from './runtime';

const floats = (type: 'float32' | 'float16', size: number): Float32Array | Uint16Array =>
  type === 'float16' ? new Uint16Array(size) : new Float32Array(size);

/** @param once there will be no run after the first: nothing is handed back */
export function growingCache(runtime: Runtime, { slots }: DecoderShape, rows: number, once = false): KvCache {
  const tensor = (type: 'float32' | 'float16', data: Float32Array | Uint16Array, dims: readonly number[]): Tensor =>
    type === 'float16' ? runtime.tensor('float16', data as Uint16Array, dims) : runtime.tensor('float32', data as Float32Array, dims);
  let width = 0;
  let past: Feeds = Object.fromEntries(slots.map(s => [s.past, tensor(s.type, floats(s.type, 0), [rows, s.heads, 0, s.headDim])]));
  return {
    maskWidth: fed => width + fed,
    feeds: () => past,
    fetches: () => (once ? {} : Object.fromEntries(slots.map(s => [s.present, null]))),
    take(outputs, fed) {
      if (once) return;
      width += fed;
      past = Object.fromEntries(slots.map(s => [s.past, outputs[s.present]!]));
    },
    keep(kept) {
      past = Object.fromEntries(
        slots.map(s => {
          const data = past[s.past]!.data as Float32Array | Uint16Array;
          return [
            s.past,
            tensor(s.type, keepRowsInPlace(data, s.heads * width * s.headDim, kept), [kept.length, s.heads, width, s.headDim]),
          ];
        }),
      );
    },
    dispose() {
      past = {};
    },
  };
}
