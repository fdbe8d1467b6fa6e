// Going on with something kept, or, where another tab does, the question whether to take it from there.
import { StoreError } from '../../store/errors';

export class Taking<T> {
  #asked = $state.raw<T | null>(null);

  /** @param resume goes on with it; `steal` takes it from the tab that writes to it */
  constructor(private readonly resume: (item: T, steal: boolean) => Promise<void>) {}

  /** What another tab is going on with, so that the reader is asked; null = nothing. */
  get asked(): T | null {
    return this.#asked;
  }

  /** @throws whatever `resume` throws, but for StoreError 'busy', which is asked about */
  async go(item: T): Promise<void> {
    try {
      await this.resume(item, false);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'busy') throw error;
      this.#asked = item;
    }
  }

  /** Takes over what was asked about. @throws whatever `resume` throws */
  async take(): Promise<void> {
    const item = this.#asked;
    this.#asked = null;
    if (item !== null) await this.resume(item, true);
  }

  leave(): void {
    this.#asked = null;
  }
}
