// Lets a journey train in a worker of the page.
import type { Trained, TrainOrder } from './train.worker';

const api = {
  run: (order: TrainOrder) =>
    new Promise<Record<string, Trained> | { failed: string }>(resolve => {
      const worker = new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data as Record<string, Trained>);
      };
      worker.onerror = event => resolve({ failed: event.message });
      worker.postMessage(order);
    }),
};

export type TrainApi = typeof api;
Object.assign(globalThis, { training: api });
