// Protobuf's wire format, only what ONNX files use: varints, fixed 32/64, length-delimited. Payloads are never copied while reading.

const text = { decode: new TextDecoder(), encode: new TextEncoder() };

/** The bytes are not the message they claim to be. */
export class ProtoError extends Error {
  override name = 'ProtoError';
}

/** Reads one message from `bytes[at..end)`; every read checks its bounds, since files come from strangers. */
export class Reader {
  readonly #view: DataView;
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  #take(size: number): number {
    const from = this.at;
    if (!(size >= 0) || from + size > this.end)
      throw new ProtoError(`message ends early: ${size} bytes wanted at ${from}, end is ${this.end}`);
    this.at = from + size;
    return from;
  }

  /** Unsigned 64-bit value. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.#take(1)]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new ProtoError(`varint longer than 10 bytes at ${this.at}`);
  }

  /** Tags, lengths and enums: a varint below 2^53, without the cost of bigints. */
  small(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.bytes[this.#take(1)]!;
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new ProtoError(`number too large at ${this.at}`);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.varint());
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view, not a copy. */
  span(): Uint8Array {
    const size = this.small();
    const from = this.#take(size);
    return this.bytes.subarray(from, from + size);
  }

  string(): string {
    return text.decode.decode(this.span());
  }

  /** A reader of the next length-delimited field, with positions of the same file. */
  inner(): Reader {
    const size = this.small();
    const from = this.#take(size);
    return new Reader(this.bytes, from, from + size);
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.span();
    else if (wireType === 5) this.#take(4);
    else throw new ProtoError(`wire type ${wireType} at ${this.at}`);
  }
}

/** Collects chunks and joins them once, so that large payloads are copied a single time. */
export class Writer {
  readonly #chunks: Uint8Array[] = [];
  size = 0;

  raw(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.size += chunk.length;
    return this;
  }

  varint(value: number | bigint): this {
    const out: number[] = [];
    if (typeof value === 'number' && value >= 0) {
      for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
      out.push(value);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
      out.push(Number(rest));
    }
    return this.raw(Uint8Array.from(out));
  }

  tag(field: number, wireType: number): this {
    return this.varint(field * 8 + wireType);
  }

  float(value: number): this {
    const chunk = new Uint8Array(4);
    new DataView(chunk.buffer).setFloat32(0, value, true);
    return this.raw(chunk);
  }

  double(value: number): this {
    const chunk = new Uint8Array(8);
    new DataView(chunk.buffer).setFloat64(0, value, true);
    return this.raw(chunk);
  }

  span(chunk: Uint8Array): this {
    return this.varint(chunk.length).raw(chunk);
  }

  string(value: string): this {
    return this.span(text.encode.encode(value));
  }

  inner(message: Writer): this {
    this.varint(message.size);
    for (const chunk of message.#chunks) this.raw(chunk);
    return this;
  }

  join(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}
