// What a page and its tuner's worker say to each other: HTTP in messages. Bodies go chunk by chunk, each one asked for, so neither side floods the other.

import type { TrainDevice } from './train/page-protocol';

export type BodyMessage =
  /** The receiver has room for one more chunk. */
  | { type: 'pull'; id: number }
  | { type: 'chunk'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'end'; id: number }
  /** The sender's stream failed. */
  | { type: 'broken'; id: number; message: string };

export type ToTuner =
  | { type: 'request'; id: number; method: string; url: string; headers: [string, string][]; body: boolean }
  /** The caller lost interest, in the answer or in the rest of its body. */
  | { type: 'abort'; id: number }
  | BodyMessage;

export type FromTuner =
  | { type: 'response'; id: number; status: number; statusText: string; headers: [string, string][]; body: boolean }
  /** There is no response: the app threw. */
  | { type: 'failed'; id: number; message: string }
  | BodyMessage;

/** The first words between page and worker; everything after them goes over `port`. */
export interface OpenTuner {
  type: 'open';
  port: MessagePort;
  /** The worker's app accepts this bearer token and no other. */
  token: string;
  /** Origin of the URLs that will be asked for. */
  origin: string;
  /** URL of the folder of built-in models, ending in a slash. */
  models: string;
  /** Where jobs do their arithmetic. */
  device: TrainDevice;
  /** The worker holds this lock as long as it lives; empty where there are no locks. */
  lock: string;
}

/** Stop training between two steps and put everything away. */
export interface CloseTuner {
  type: 'close';
}

/** `holding`: the worker has its lock, so its death can be seen from now on. */
export type FromTunerWorker = { type: 'holding' } | { type: 'opened' } | { type: 'not-opened'; message: string } | { type: 'closed' };

/** The part of a `MessagePort` used here; Node's are the same. */
export interface Line {
  postMessage(message: unknown, transfer?: Transferable[]): void;
}
