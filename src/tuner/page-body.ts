// One body on its way over a port: a stream on either side, pulled chunk by chunk.
import type { BodyMessage, Line } from './page-wire';

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The sending end: a chunk for every pull. */
export class Outgoing {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(
    private readonly id: number,
    stream: ReadableStream<Uint8Array>,
    private readonly line: Line,
    private readonly onBroken: (error: unknown) => void = () => undefined,
  ) {
    this.#reader = stream.getReader();
  }

  /** Answers one pull with a chunk, the end, or the stream's failure. @returns whether there may be more */
  async pull(): Promise<boolean> {
    const say = (message: BodyMessage, transfer: Transferable[] = []): void => this.line.postMessage(message, transfer);
    try {
      const { done, value } = await this.#reader.read();
      if (done) {
        say({ type: 'end', id: this.id });
        return false;
      }
      // A copy: the chunk may be a window on bytes that its owner still needs.
      const bytes = value.slice() as Uint8Array<ArrayBuffer>;
      say({ type: 'chunk', id: this.id, bytes }, [bytes.buffer]);
      return true;
    } catch (error) {
      say({ type: 'broken', id: this.id, message: wordsOf(error) });
      this.onBroken(error);
      return false;
    }
  }

  cancel(reason: unknown): void {
    // A stream that fails while it is cancelled is gone all the same, and nobody is left to tell.
    this.#reader.cancel(reason).catch(() => undefined);
  }
}

/** The receiving end: a stream that asks for its chunks. */
export class Incoming {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #arrived: () => void = () => undefined;
  #open = true;

  /** @param onCancel the reader lost interest */
  constructor(id: number, line: Line, onCancel: () => void) {
    this.stream = new ReadableStream({
      start: controller => void (this.#controller = controller),
      pull: () => {
        line.postMessage({ type: 'pull', id } satisfies BodyMessage);
        return new Promise(arrived => (this.#arrived = arrived));
      },
      cancel: () => {
        this.#open = false;
        onCancel();
      },
    });
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#open) this.#controller.enqueue(bytes);
    this.#arrived();
  }

  end(): void {
    if (this.#open) this.#controller.close();
    this.#open = false;
    this.#arrived();
  }

  fail(error: unknown): void {
    if (this.#open) this.#controller.error(error);
    this.#open = false;
    this.#arrived();
  }
}
