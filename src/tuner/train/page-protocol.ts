// What the tuner's worker and the worker of one job say to each other.
import type { Files, TrainError, TrainJob, TrainUpdate } from '../engine';

/** A base among the files of this site. */
export interface PageBase {
  id: string;
  /** URL of its folder, ending in a slash. */
  url: string;
  repo?: string | null;
  revision?: string | null;
}

/** Where the arithmetic is done. A small model trains faster on the processor. */
export type TrainDevice = 'wasm' | 'webgpu';

export type ToJobWorker = { type: 'train'; base: PageBase; job: TrainJob; device: TrainDevice } | { type: 'stop' };

export type FromJobWorker =
  | { type: 'update'; update: TrainUpdate }
  | { type: 'done'; files: Files }
  | { type: 'stopped' }
  | { type: 'failed'; code: TrainError['code']; message: string; param: string | null };
