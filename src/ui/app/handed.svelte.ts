// Files on their way from where they were dropped to the screen that reads them.
export class Handed {
  #files = $state.raw<readonly File[]>([]);

  /** Empty until something was dropped that no screen has taken. */
  get files(): readonly File[] {
    return this.#files;
  }

  give(files: readonly File[]): void {
    this.#files = files;
  }

  take(): readonly File[] {
    const files = this.#files;
    this.#files = [];
    return files;
  }
}
