// The key of the address that is typed: with it, gone with it, and kept in this browser only when the reader says so.
import { Keys, type SecretStore } from '../../finetune/keys';
import { errorWords } from '../app/error-words';

export class KeyField {
  #key = $state.raw('');
  #kept = $state.raw(false);
  #problem = $state.raw('');
  /** Changes of the key by hand. */
  #typed = 0;
  #url = '';
  readonly #keys: Keys;

  constructor(secrets: SecretStore | null) {
    this.#keys = new Keys(secrets);
  }

  get key(): string {
    return this.#key;
  }
  /** Whether it stays in this browser after this visit. */
  get kept(): boolean {
    return this.#kept;
  }
  /** What went wrong with keeping keys; empty = nothing. */
  get problem(): string {
    return this.#problem;
  }

  /** The key of an address, if one is known. */
  async recall(url: string): Promise<void> {
    this.#url = url;
    const typed = this.#typed;
    if (!URL.canParse(url)) return;
    try {
      const [key, kept] = [await this.#keys.get(url), await this.#keys.isKept(url)];
      // Whoever typed a key meanwhile meant that one.
      if (this.#url !== url || this.#typed !== typed) return;
      this.#key = key ?? '';
      this.#kept = kept;
    } catch (error) {
      this.#problem = `Kept keys cannot be read: ${errorWords(error)}`;
    }
  }

  /** The address changes: a key belongs to one origin. */
  moved(from: string, to: string): void {
    this.#keys.moved(from, to);
    this.#url = to;
    if (URL.canParse(to) && URL.canParse(from) && new URL(to).origin === new URL(from).origin) return;
    this.#key = '';
    this.#kept = false;
    void this.recall(to);
  }

  async set(url: string, key: string, keep: boolean): Promise<void> {
    this.#typed++;
    this.#key = key;
    this.#kept = keep;
    this.#problem = '';
    if (!URL.canParse(url)) return;
    try {
      await this.#keys.set(url, key, keep);
    } catch (error) {
      // It still works in this visit.
      this.#kept = false;
      this.#problem = `The key cannot be kept: ${errorWords(error)}`;
    }
  }
}
