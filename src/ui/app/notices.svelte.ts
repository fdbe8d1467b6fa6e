// Short messages at the foot of the page, and the one live region that says what happened to those who do not see it.
import { untrack } from 'svelte';
import { errorWords } from './error-words';

export interface Notice {
  id: number;
  text: string;
  /** `problem` stays until it is dismissed. */
  kind: 'done' | 'problem';
  action: { label: string; run: () => void } | null;
}

const shownMs = 8000;

export class Notices {
  #list = $state.raw<readonly Notice[]>([]);
  #said = $state.raw('');
  #next = 1;

  get list(): readonly Notice[] {
    return this.#list;
  }

  /** What the live region holds. */
  get said(): string {
    return this.#said;
  }

  /** Speaks without showing. The same sentence twice is spoken twice. */
  announce(text: string): void {
    // Whoever tells something does not wait for what is told next: an effect that did would run for ever.
    this.#said = text === untrack(() => this.#said) ? `${text}\u00a0` : text;
  }

  tell(text: string, action: Notice['action'] = null): void {
    this.#add({ text, kind: 'done', action });
  }

  problem(text: string, action: Notice['action'] = null): void {
    this.#add({ text, kind: 'problem', action });
  }

  /** Does it, and tells what went wrong; nothing once `signal` has ended, since nobody waits for it then. */
  readonly attempt = async (work: () => Promise<unknown>, signal?: AbortSignal): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!signal?.aborted) this.problem(errorWords(error));
    }
  };

  dismiss(id: number): void {
    this.#list = this.#list.filter(notice => notice.id !== id);
  }

  #add(notice: Omit<Notice, 'id'>): void {
    const id = this.#next++;
    this.#list = [...untrack(() => this.#list), { ...notice, id }].slice(-4);
    this.announce(notice.text);
    // An offer to undo must stay long enough to be read and reached.
    if (notice.kind === 'done') setTimeout(() => this.dismiss(id), shownMs);
  }
}
