// What everything that happens to a job works with.
import type { Disk } from './disk';
import type { TrainEngine } from './engine';
import type { Files } from './files';
import type { Jobs } from './jobs';
import type { Limits } from './limits';
import type { Models } from './models';

export interface Workshop {
  engine: TrainEngine;
  disk: Disk;
  jobs: Jobs;
  files: Files;
  models: Models;
  limits: Limits;
  /** For whoever runs the endpoint; jobs have their own events. */
  log(line: string): void;
}
