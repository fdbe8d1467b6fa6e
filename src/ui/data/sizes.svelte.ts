// How large the sets of a run would be under the settings of the form, counted elsewhere: only the newest settings are still asked for.
import type { SetPreview } from '../../datasets/collect';
import type { DatasetConfig } from '../../datasets/records';

/** The part of `SetMaker` used here. */
export interface Counter {
  sizes(config: DatasetConfig): Promise<SetPreview[]>;
}

export class Sizes {
  #list = $state.raw<readonly SetPreview[] | null>(null);
  #problem = $state.raw('');
  #wanted = $state.raw<DatasetConfig | null>(null);
  #counted = $state.raw<DatasetConfig | null>(null);
  #busy = false;

  /** @param signal ends with whoever looks at this */
  constructor(
    private readonly counter: Counter,
    private readonly signal: AbortSignal,
  ) {}

  /** Of the settings that were counted last; null before. */
  get list(): readonly SetPreview[] | null {
    return this.#list;
  }

  /** Why the newest settings have no sizes; empty = nothing is wrong. */
  get problem(): string {
    return this.#problem;
  }

  /** The newest settings are still being counted. */
  get counting(): boolean {
    return this.#wanted !== this.#counted;
  }

  count(config: DatasetConfig): void {
    this.#wanted = config;
    if (!this.#busy) void this.#follow();
  }

  async #follow(): Promise<void> {
    this.#busy = true;
    while (this.#wanted && this.#wanted !== this.#counted && !this.signal.aborted) {
      const config = this.#wanted;
      try {
        this.#list = await this.counter.sizes(config);
        this.#problem = '';
      } catch (error) {
        if (this.signal.aborted) break;
        this.#list = null;
        this.#problem = error instanceof Error ? error.message : String(error);
      }
      this.#counted = config;
    }
    this.#busy = false;
  }
}
