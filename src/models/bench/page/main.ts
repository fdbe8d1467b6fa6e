// Lets whoever drives this page run the measurements in a worker.
import type { EngineBench } from '../suite';
import type { WebBenchRequest } from './bench.worker';

const bench = (request: WebBenchRequest): Promise<{ result: EngineBench } | { failed: string }> =>
  new Promise(resolve => {
    const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = event => resolve({ failed: event.message });
    worker.postMessage(request);
  });

export type Bench = typeof bench;
Object.assign(globalThis, { bench });
