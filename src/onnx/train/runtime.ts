// The part of onnxruntime-common that training needs, by structure: onnxruntime-node and onnxruntime-web both fit.

export interface RuntimeTensor {
  readonly dims: readonly number[];
  readonly data: unknown;
  dispose(): void;
}

export interface RuntimeSession<T extends RuntimeTensor> {
  run(feeds: Record<string, T>): Promise<{ readonly [name: string]: T }>;
  release(): Promise<void>;
}

/** E.g. `{ createSession: bytes => ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 }), Tensor: ort.Tensor }`. */
export interface TrainRuntime<T extends RuntimeTensor = RuntimeTensor> {
  /** Sessions run on WebGPU: graphs are written in the operations it has (`TrainOptions.webgpu`). Tensors come back to the host each step. */
  readonly webgpu?: boolean;
  createSession(bytes: Uint8Array): Promise<RuntimeSession<T>>;
  Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): T;
    new (type: 'int64', data: BigInt64Array, dims: readonly number[]): T;
  };
}

export function disposeAll(tensors: Record<string, RuntimeTensor>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
