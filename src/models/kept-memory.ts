// Memory for caches in JavaScript, used again: every answer would leave megabytes to the collector, which comes running for so much.
import type { FloatType } from './runtime';

export type Values = Float32Array | Uint16Array;

/** Bytes that are kept while nobody uses them. */
const MOST = 32 * 2 ** 20;

export class KeptMemory {
  #free: ArrayBuffer[] = [];
  #bytes = 0;

  /** Zeroes. */
  take(type: FloatType, size: number): Values {
    const [Kind, each] = type === 'float16' ? [Uint16Array, 2] : [Float32Array, 4];
    const bytes = size * each;
    // The tightest that fits: the wider ones will be wanted when the cache grows.
    const fitting = this.#free.filter(({ byteLength }) => byteLength >= bytes).sort((x, y) => x.byteLength - y.byteLength)[0];
    if (!fitting) return new Kind(size);
    this.#free.splice(this.#free.indexOf(fitting), 1);
    this.#bytes -= fitting.byteLength;
    return new Kind(fitting, 0, size).fill(0);
  }

  /** Whoever gives it back reads it no more. */
  give({ buffer }: Values): void {
    if (!buffer.byteLength || this.#bytes + buffer.byteLength > MOST) return;
    this.#free.push(buffer as ArrayBuffer);
    this.#bytes += buffer.byteLength;
  }
}
