// What may come from other sites in this visit: asked when it is needed, remembered to the host and the byte, shown wherever the reader is.
import type { FetchQuestion } from '../../models/permit';

interface Asked {
  question: FetchQuestion;
  answer(yes: boolean): void;
}

const modelKey = ({ host, ref }: FetchQuestion): string => `${host} ${ref.id} `;
const fileKey = (question: FetchQuestion, name: string): string => `${modelKey(question)}${question.ref.revision ?? 'main'} ${name}`;

export class FetchConsent {
  #asked = $state.raw<Asked | null>(null);
  readonly #hosts = new Set<string>();
  /** Agreed lengths by file. */
  readonly #files = new Map<string, number>();
  /** Several models may want something at once; people are asked one thing at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** What the reader is asked now. */
  get question(): FetchQuestion | null {
    return this.#asked?.question ?? null;
  }

  answer(yes: boolean): void {
    this.#asked?.answer(yes);
  }

  agree(question: FetchQuestion): void {
    this.#hosts.add(question.host);
    for (const { name, bytes } of question.offer?.files ?? []) this.#files.set(fileKey(question, name), bytes);
  }

  /** The files of this model were deleted: fetching them again is a new question. */
  forget(host: string, id: string): void {
    const key = modelKey({ host, ref: { kind: 'hub', id }, offer: null });
    for (const file of [...this.#files.keys()]) if (file.startsWith(key)) this.#files.delete(file);
  }

  /** @returns true when this was agreed to before, or is now; false also when `signal` says that nobody waits any more */
  ask(question: FetchQuestion, signal: AbortSignal): Promise<boolean> {
    const answer = this.#turn.then(() => this.#show(question, signal));
    this.#turn = answer;
    return answer;
  }

  #agreed(question: FetchQuestion): boolean {
    if (question.offer === null) return this.#hosts.has(question.host);
    return question.offer.files.every(({ name, bytes, cached }) => cached || this.#files.get(fileKey(question, name)) === bytes);
  }

  #show(question: FetchQuestion, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#agreed(question)) return Promise.resolve(true);
    return new Promise(resolve => {
      const answer = (yes: boolean): void => {
        signal.removeEventListener('abort', refuse);
        if (this.#asked === asked) this.#asked = null;
        if (yes) this.agree(question);
        resolve(yes);
      };
      const refuse = (): void => answer(false);
      const asked: Asked = { question, answer };
      signal.addEventListener('abort', refuse, { once: true });
      this.#asked = asked;
    });
  }
}
