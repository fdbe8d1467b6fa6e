// Runs a session on the wasm heap directly. onnxruntime-web's own run copies every input in and every output out, keys and values included:
// for a small model that copying costs several times the arithmetic.
import type { InferenceSession } from 'onnxruntime-common';

import { allocateBytes, elementType, HeapError, HeapTensor, heapValue } from './heap-tensor';
import type { OrtModule } from './ort-module';
import type { Feeds, Session, Tensor } from './runtime';

/** The address of the native session, as onnxruntime-web keeps it. */
export function sessionAddress(session: InferenceSession): number | undefined {
  const id = (session as unknown as { handler?: { sessionId?: unknown } }).handler?.sessionId;
  return typeof id === 'number' ? id : undefined;
}

interface HostTensor extends Tensor {
  data: Float32Array | Uint16Array | BigInt64Array;
}

export class HeapSession implements Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly #names = new Map<string, number>();
  /** Names and values of inputs, then of outputs, then four words for reading results. */
  readonly #lists: number;

  constructor(
    private readonly module: OrtModule,
    private readonly address: number,
    private readonly session: InferenceSession,
  ) {
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
    this.inputMetadata = session.inputMetadata;
    this.outputMetadata = session.outputMetadata;
    for (const name of [...this.inputNames, ...this.outputNames]) {
      const room = module.lengthBytesUTF8(name) + 1;
      const pointer = allocateBytes(module, room);
      module.stringToUTF8(name, pointer, room);
      this.#names.set(name, pointer);
    }
    this.#lists = allocateBytes(module, module.PTR_SIZE * (2 * this.inputNames.length + 2 * this.outputNames.length + 4));
  }

  async run(feeds: Feeds, fetches: Record<string, Tensor | null>): Promise<Feeds> {
    const { module } = this;
    const word = module.PTR_SIZE;
    const inputs = Object.keys(feeds);
    const outputs = Object.keys(fetches);
    const inputNames = this.#lists;
    const inputValues = inputNames + inputs.length * word;
    const outputNames = inputValues + inputs.length * word;
    const outputValues = outputNames + outputs.length * word;
    const scratch = outputValues + outputs.length * word;
    const memory: number[] = [];
    const values: number[] = [];
    const put = (at: number, value: number): void => module.setValue(at, value, '*');
    const name = (text: string): number => {
      const pointer = this.#names.get(text);
      if (pointer === undefined) throw new HeapError(`the graph has no ${text}`);
      return pointer;
    };
    try {
      inputs.forEach((input, i) => {
        const tensor = feeds[input]!;
        put(inputNames + i * word, name(input));
        if (tensor instanceof HeapTensor) return put(inputValues + i * word, tensor.value);
        const { data, type, dims } = tensor as HostTensor;
        const pointer = allocateBytes(module, data.byteLength);
        memory.push(pointer);
        module.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pointer);
        const value = heapValue(module, type, pointer, dims);
        values.push(value);
        put(inputValues + i * word, value);
      });
      outputs.forEach((output, i) => {
        const tensor = fetches[output];
        put(outputNames + i * word, name(output));
        put(outputValues + i * word, tensor instanceof HeapTensor ? tensor.value : 0);
      });
      const code = await module._OrtRun(this.address, inputNames, inputValues, inputs.length, outputNames, outputs.length, outputValues, 0);
      if (code !== 0) throw new HeapError(this.#lastError(scratch));
      return Object.fromEntries(
        outputs.map((output, i) => {
          const given = fetches[output];
          return [output, given ?? this.#take(module.getValue(outputValues + i * word, '*'), scratch)];
        }),
      );
    } finally {
      values.forEach(value => module._OrtReleaseTensor(value));
      memory.forEach(pointer => module._free(pointer));
    }
  }

  /** Copies a result out and gives its memory back. */
  #take(value: number, scratch: number): Tensor {
    const { module } = this;
    const word = module.PTR_SIZE;
    try {
      if (module._OrtGetTensorData(value, scratch, scratch + word, scratch + 2 * word, scratch + 3 * word) !== 0)
        throw new HeapError(this.#lastError(scratch));
      const id = module.getValue(scratch, 'i32');
      const data = module.getValue(scratch + word, '*');
      const list = module.getValue(scratch + 2 * word, '*');
      const dims = Array.from({ length: module.getValue(scratch + 3 * word, 'i32') }, (_, i) => module.getValue(list + i * word, 'i32'));
      module._OrtFree(list);
      const type = id === 1 ? 'float32' : id === 10 ? 'float16' : id === 7 ? 'int64' : '';
      const size = dims.reduce((a, b) => a * b, 1) * elementType(type).bytes;
      const bytes = module.HEAPU8.slice(data, data + size);
      const view =
        type === 'float32'
          ? new Float32Array(bytes.buffer)
          : type === 'float16'
            ? new Uint16Array(bytes.buffer)
            : new BigInt64Array(bytes.buffer);
      return { type, dims, data: view, dispose: () => undefined };
    } finally {
      module._OrtReleaseTensor(value);
    }
  }

  #lastError(scratch: number): string {
    const { module } = this;
    module._OrtGetLastError(scratch, scratch + module.PTR_SIZE);
    const message = module.getValue(scratch + module.PTR_SIZE, '*');
    return message ? module.UTF8ToString(message) : `onnxruntime error ${module.getValue(scratch, 'i32')}`;
  }

  async release(): Promise<void> {
    for (const pointer of this.#names.values()) this.module._free(pointer);
    this.#names.clear();
    this.module._free(this.#lists);
    await this.session.release();
  }
}
