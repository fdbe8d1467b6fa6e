// Lets a journey train in a page as the tuner does: from a worker, whose jobs have workers of their own.
import type { Hyperparameters, TrainUpdate } from '../../../src/tuner/engine';

export interface Order {
  rows: string[];
  validation?: string[];
  hyperparameters: Hyperparameters;
  seed: number;
  base?: 'abacus' | 'tiny';
  device?: 'webgpu';
  /** Stop when this update was told. */
  stopAt?: number;
}

export interface Trained {
  updates: Exclude<TrainUpdate, { t: 'checkpoint' }>[];
  checkpoints: number[];
  /** Result files as texts of Latin-1, which keep every byte. */
  files: Record<string, string> | null;
  error: { code: string | undefined; message: string } | null;
}

export type ToOuter = { type: 'bases' } | { type: 'train'; orders: Order[] };

const worker = new Worker(new URL('./outer.worker.ts', import.meta.url), { type: 'module' });
const ask = <T>(message: ToOuter): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
    worker.onerror = event => reject(new Error(event.message));
    worker.postMessage(message);
  });

const api = {
  bases: () => ask<{ id: string; parameters: number }[]>({ type: 'bases' }),
  /** All at once. */
  train: (orders: Order[]) => ask<Trained[]>({ type: 'train', orders }),
};

export type TrainApi = typeof api;
Object.assign(globalThis, { training: api });
