// What the routes work on.
import type { Files } from './files';
import type { Random } from './ids';
import type { Jobs } from './jobs';
import type { Limits } from './limits';
import type { Models } from './models';
import type { Queue } from './queue';

export interface Parts {
  files: Files;
  jobs: Jobs;
  models: Models;
  queue: Queue;
  limits: Limits;
  /** Milliseconds since 1970. */
  clock(): number;
  random: Random;
  /** Aborted when the endpoint closes. */
  closing: AbortSignal;
}
