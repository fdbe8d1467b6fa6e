// What the engine needs from an onnxruntime, web or Node: sessions from bytes and tensors. Callers pass their own.
import type { InferenceSession, Tensor } from 'onnxruntime-common';

export type { Tensor };

export type TensorType = 'float32' | 'float16' | 'int64';

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
  run(feeds: Feeds, fetches?: Record<string, Tensor | null>): Promise<Feeds>;
  release(): Promise<void>;
}

export interface SessionRequest {
  /** Weights that stayed outside the graph, by the name the graph calls them. */
  externalData?: { path: string; data: Uint8Array }[];
  /** Outputs to leave on the device. */
  onDevice?: readonly string[];
}

export type EngineDevice = 'cpu' | 'wasm' | 'webgpu';

export interface Runtime {
  readonly device: EngineDevice;
  /** Package and version, for the record of a run. */
  readonly name: string;
  createSession(model: Uint8Array, request?: SessionRequest): Promise<Session>;
  tensor<T extends TensorType>(type: T, data: TensorData[T], dims: readonly number[]): Tensor;
  /** Zeroed memory on the device, where tensors can live there. */
  deviceTensor?(type: 'float32' | 'float16', dims: readonly number[], data?: Float32Array | Uint16Array): Tensor;
}
