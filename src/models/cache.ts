// Where the keys and values of a running batch live; each device has its own cheapest way.
import type { Feeds, Tensor } from './runtime';

export interface KvCache {
  /** Width of the attention mask when `fed` more tokens per row go in and the longest row will then hold `longest`. */
  maskWidth(fed: number, longest: number): number;
  /** @param lengths of the rows after the run */
  feeds(lengths: readonly number[]): Feeds;
  fetches(): Record<string, Tensor | null>;
  /** Takes over what a run of `fed` tokens per row returned. */
  take(outputs: Feeds, fed: number, lengths: readonly number[]): void;
  /** Only these rows go on; each stays in its place or comes from behind the last place kept. */
  keep(rows: readonly number[]): void;
  dispose(): void;
}
