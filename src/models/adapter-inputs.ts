// What the rows of a batch add to its feeds, whichever form their adapters have.
import type { Feeds } from './runtime';

/** The adapter inputs of one batch. */
export interface AdapterInputs {
  feeds(): Feeds;
  /** Only these rows go on, in this order. */
  keep(rows: readonly number[]): void;
  dispose(): void;
}
