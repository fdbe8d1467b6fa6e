// How much the endpoint takes on before it says so (endpoint.md §5). Sizes in bytes, times in milliseconds.

export interface Limits {
  /** A JSON body. */
  json: number;
  /** One uploaded file. */
  upload: number;
  rows: number;
  /** One line of a training file. */
  row: number;
  messages: number;
  /** Uploaded files. */
  uploads: number;
  /** Of all files, results included. */
  bytes: number;
  /** Jobs that are not finished. */
  queued: number;
  streams: number;
  perSecond: number;
  /** A trainer that says nothing for so long is given up. */
  silence: number;
  /** How often a job is begun before its loss of workers is its end. */
  attempts: number;
  /** Updates between checkpoints, at least. */
  checkpointEvery: number;
  /** How long an idempotency key is remembered. */
  idempotency: number;
  /** How long uploads and weights stay once nothing needs them; Infinity = until somebody deletes them. */
  keep: number;
  /** Between the comments that keep an event stream alive. */
  ping: number;
}

export const defaultLimits: Limits = {
  json: 1 << 20,
  upload: 64 << 20,
  rows: 100_000,
  row: 256 << 10,
  messages: 64,
  // A loop of ten iterations with twelve agents uploads 240 with its held-out rows, and only our own client deletes them afterwards;
  // what their number may cost is limited by `bytes`.
  uploads: 1000,
  bytes: 4 * 2 ** 30,
  queued: 50,
  streams: 20,
  perSecond: 60,
  silence: 10 * 60_000,
  attempts: 2,
  checkpointEvery: 25,
  idempotency: 7 * 24 * 3_600_000,
  keep: Infinity,
  ping: 15_000,
};
