// A worker that is asked one thing after another: each answer finds who asked, and nobody waits for a worker that is gone.

export class AskedWorker<Question, Answer extends { id: number }> {
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: unknown) => void }>();
  #next = 1;
  #over: { reason: unknown } | null = null;

  /**
   * Asks until `signal` ends.
   * @param worker answers with the number of the question, or with that and the word `failed`
   * @param gone what is said when it stops without a word
   */
  constructor(
    private readonly worker: Worker,
    gone: string,
    signal: AbortSignal,
  ) {
    worker.onmessage = ({ data }: MessageEvent<Answer | { id: number; failed: string }>) => {
      const asked = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('failed' in data) asked?.reject(new Error(data.failed));
      else asked?.resolve(data);
    };
    worker.onerror = event => {
      event.preventDefault();
      this.#end(new Error(gone));
    };
    if (signal.aborted) this.#end(signal.reason);
    else signal.addEventListener('abort', () => this.#end(signal.reason), { once: true });
  }

  /** Says what needs no answer. */
  tell(message: Question): void {
    if (!this.#over) this.worker.postMessage(message);
  }

  /** @throws Error in words, or the reason of the signal */
  ask(question: (id: number) => Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over.reason);
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.worker.postMessage(question(id));
    });
  }

  #end(reason: unknown): void {
    this.#over ??= { reason };
    this.worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
