// onnxruntime-node behind the engine's runtime seam.
import * as ort from 'onnxruntime-node';

import type { Runtime, Session } from './runtime';

export interface NodeRuntimeOptions {
  /** Threads of one run; onnxruntime's own choice when left out. */
  threads?: number;
}

// Otherwise onnxruntime-node rounds the activations of dequantised weights to int8, and references would be 0.16 off.
const exact = { session: { qdq_matmulnbits_accuracy_level: '0' } };

export function nodeRuntime({ threads }: NodeRuntimeOptions = {}): Runtime {
  return {
    device: 'cpu',
    copiesOutputs: true,
    name: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`,
    createSession: (model, { externalData } = {}) =>
      ort.InferenceSession.create(model, {
        executionProviders: ['cpu'],
        logSeverityLevel: 3,
        extra: exact,
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
        ...(externalData ? { externalData } : {}),
      }) as Promise<Session>,
    tensor: (type, data, dims) => new ort.Tensor(type, data as Float32Array, dims),
  };
}
