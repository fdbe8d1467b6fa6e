// The part of onnxruntime's wasm module that the engine calls itself, and the way to get hold of it.

/** As onnxruntime-web's own script uses it; the package is pinned to one version. */
export interface OrtModule {
  readonly HEAPU8: Uint8Array;
  readonly PTR_SIZE: number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  setValue(pointer: number, value: number, type: 'i32' | '*'): void;
  getValue(pointer: number, type: 'i32' | '*'): number;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, room: number): void;
  UTF8ToString(pointer: number): string;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtReleaseTensor(tensor: number): number;
  /** Writes type, data pointer, dims pointer and rank behind the four pointers. */
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtFree(pointer: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    options: number,
  ): number | Promise<number>;
}

interface Captured {
  polylogueOrt?: { loader: string; module?: OrtModule };
}

/** Tells `ort-factory.mjs`, which the runtime is given as its loader, where the real loader is. A module that runs already stays. */
export function announceLoader(url: string): void {
  const own = globalThis as Captured;
  own.polylogueOrt = { ...own.polylogueOrt, loader: url };
}

/** The module of the running runtime, once a session exists; undefined where it was not loaded through `ort-factory.mjs`. */
export const capturedModule = (): OrtModule | undefined => (globalThis as Captured).polylogueOrt?.module;
