// What the engine needs from an onnxruntime, web or Node: sessions from bytes, tensors and, where there is such a thing, device memory.
import type { InferenceSession } from 'onnxruntime-common';

export type TensorType = 'float32' | 'float16' | 'int64';

/** The part of onnxruntime's tensors that the engine reads. */
export interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Values on the host; tensors on a device have none. */
  readonly data: unknown;
  dispose(): void;
}

export interface TensorData {
  float32: Float32Array;
  /** Bit patterns. */
  float16: Uint16Array;
  int64: BigInt64Array;
}

export type Feeds = Record<string, Tensor>;

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  /** `fetches` names the outputs wanted: null = a new tensor, a tensor = write there. */
  run(feeds: Feeds, fetches: Record<string, Tensor | null>): Promise<Feeds>;
  release(): Promise<void>;
}

export interface SessionRequest {
  /** Weights that stayed outside the graph, by the name the graph calls them. */
  externalData?: { path: string; data: Uint8Array }[];
  /** Outputs that stay on the device, where it has memory of its own. */
  onDevice?: readonly string[];
}

export type FloatType = Extract<TensorType, 'float32' | 'float16'>;

/** Memory that survives runs: on a graphics card, or on the heap of the wasm runtime. */
export interface DeviceMemory {
  /** Zeroes, or a copy of `data`. */
  allocate(type: FloatType, dims: readonly number[], data?: Float32Array | Uint16Array): Tensor;
  /**
   * Only these rows along the first dimension; each stays in its place or comes from behind the last place kept. Takes over `tensor`, which
   * must not be used any more.
   */
  keepRows(tensor: Tensor, rows: readonly number[]): Tensor;
}

export type EngineDevice = 'cpu' | 'wasm' | 'webgpu';

export interface Runtime {
  readonly device: EngineDevice;
  /** Package and version, for the record of a run. */
  readonly name: string;
  readonly memory?: DeviceMemory;
  /** Inputs are read in place, outputs are copied into new memory: caches had better not come out. */
  readonly copiesOutputs?: boolean;
  createSession(model: Uint8Array, request?: SessionRequest): Promise<Session>;
  tensor<T extends TensorType>(type: T, data: TensorData[T], dims: readonly number[]): Tensor;
}
