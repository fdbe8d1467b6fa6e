// Tensors that live on the heap of the wasm runtime.
import type { OrtModule } from './ort-module';
import type { DeviceMemory, Tensor } from './runtime';

/** ONNX element types. */
const TYPES: Record<string, { id: number; bytes: number }> = {
  float32: { id: 1, bytes: 4 },
  float16: { id: 10, bytes: 2 },
  int64: { id: 7, bytes: 8 },
};
const ON_HEAP = 1; // 'cpu' among onnxruntime's data locations

export function elementType(type: string): { id: number; bytes: number } {
  const known = TYPES[type];
  if (!known) throw new Error(`the engine feeds no ${type}`);
  return known;
}

export class HeapError extends Error {}

/** Like malloc, but says so when there is nothing left. */
export function allocateBytes(module: OrtModule, bytes: number): number {
  const pointer = module._malloc(Math.max(bytes, 16));
  if (!pointer) throw new HeapError(`out of memory: ${bytes} bytes on the wasm heap`);
  return pointer;
}

/** Makes an onnxruntime value over bytes that are on the heap already. */
export function heapValue(module: OrtModule, type: string, pointer: number, dims: readonly number[]): number {
  const { id, bytes } = elementType(type);
  const list = allocateBytes(module, dims.length * module.PTR_SIZE);
  try {
    dims.forEach((d, i) => module.setValue(list + i * module.PTR_SIZE, d, 'i32'));
    const size = dims.reduce((a, b) => a * b, 1) * bytes;
    const value = module._OrtCreateTensor(id, pointer, size, list, dims.length, ON_HEAP);
    if (!value) throw new HeapError(`no tensor of type ${type} and shape [${dims}]`);
    return value;
  } finally {
    module._free(list);
  }
}

export class HeapTensor implements Tensor {
  readonly data = undefined;
  #value: number | undefined;

  constructor(
    private readonly module: OrtModule,
    readonly type: string,
    readonly dims: readonly number[],
    readonly pointer: number,
  ) {}

  /** Handle of the runtime's value over this memory. */
  get value(): number {
    return (this.#value ??= heapValue(this.module, this.type, this.pointer, this.dims));
  }

  get bytesPerRow(): number {
    return this.dims.slice(1).reduce((a, b) => a * b, 1) * elementType(this.type).bytes;
  }

  /** Gives up the handle but not the memory. */
  forget(): void {
    if (this.#value !== undefined) this.module._OrtReleaseTensor(this.#value);
    this.#value = undefined;
  }

  dispose(): void {
    this.forget();
    this.module._free(this.pointer);
  }
}

export const heapMemory = (module: OrtModule): DeviceMemory => ({
  allocate(type, dims, data) {
    const bytes = dims.reduce((a, b) => a * b, 1) * elementType(type).bytes;
    const pointer = allocateBytes(module, bytes);
    if (data) module.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pointer);
    else module.HEAPU8.fill(0, pointer, pointer + bytes);
    return new HeapTensor(module, type, dims, pointer);
  },
  keepRows(tensor, rows) {
    const old = tensor as HeapTensor;
    const size = old.bytesPerRow;
    // Rows that move come from behind the last place kept, so nothing is overwritten that is still wanted.
    rows.forEach((row, i) => {
      if (row !== i) module.HEAPU8.copyWithin(old.pointer + i * size, old.pointer + row * size, old.pointer + (row + 1) * size);
    });
    old.forget();
    return new HeapTensor(module, old.type, [rows.length, ...old.dims.slice(1)], old.pointer);
  },
});
