// One more engine in a thread of its own: onnxruntime-node computes on the thread that calls it.
import { parentPort, workerData } from 'node:worker_threads';

import { createNodeEngine, type NodeEngineOptions } from '../engine-node';
import { serveEngine } from '../serve-engine';

const { dir, ...options } = workerData as { dir: string } & Pick<NodeEngineOptions, 'dtype' | 'limits' | 'threads'>;
const port = parentPort!;

const hear = serveEngine(
  message => port.postMessage(message),
  ({ ref, adapters, agents }, { onProgress }, signal) =>
    createNodeEngine(dir, { ...options, base: ref, adapters, agents, onProgress, signal }),
);
port.on('message', message => void hear(message));
