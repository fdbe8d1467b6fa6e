// Text of an answer while it grows, token by token, without decoding it from the start each time.
import type { Tokenizer } from './tokenizer';

/** What a token adds after another one; null = only more tokens will tell (bytes of one character over several tokens). */
type Joint = string | null;

/** Pairs seen are kept: small vocabularies repeat themselves, and decoding dominates the loop of a small model otherwise. */
const CAPACITY = 200_000;

export class Detokenizer {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>;
  readonly #joints = new Map<number, Joint>();

  constructor(tokenizer: Pick<Tokenizer, 'decode'>) {
    this.#tokenizer = tokenizer;
  }

  start(): TextStream {
    return new TextStream(
      ids => this.#tokenizer.decode(ids),
      (before, id) => this.#joint(before, id),
    );
  }

  #joint(before: number, id: number): Joint {
    const key = before * 2 ** 21 + id; // vocabularies stay below 2^21
    const known = this.#joints.get(key);
    if (known !== undefined) return known;
    if (this.#joints.size >= CAPACITY) this.#joints.clear();
    const alone = this.#tokenizer.decode([before]);
    const both = this.#tokenizer.decode([before, id]);
    const joint = both.startsWith(alone) && !both.includes('\ufffd') ? both.slice(alone.length) : null;
    this.#joints.set(key, joint);
    return joint;
  }
}

export class TextStream {
  readonly #decode: (ids: readonly number[]) => string;
  readonly #joint: (before: number, id: number) => Joint;
  readonly #ids: number[] = [];
  readonly #ends: number[] = [];
  /** Tokens before this one are final in `#text`; those after it wait for the rest of a character. */
  #settled = 0;
  #text = '';

  constructor(decode: (ids: readonly number[]) => string, joint: (before: number, id: number) => Joint) {
    this.#decode = decode;
    this.#joint = joint;
  }

  get text(): string {
    return this.#text;
  }

  push(id: number): void {
    const before = this.#ids.at(-1);
    this.#ids.push(id);
    const waiting = this.#ids.length - 1 - this.#settled;
    const joint = waiting === 0 && before !== undefined ? this.#joint(before, id) : null;
    if (joint !== null) this.#settle(joint);
    else {
      // The token before the waiting ones gives the decoder its context: some strip a space at the start.
      const from = Math.max(0, this.#settled - 1);
      const known = this.#decode(this.#ids.slice(from, this.#settled));
      const all = this.#decode(this.#ids.slice(from));
      if (all.startsWith(known) && !all.endsWith('\ufffd')) this.#settle(all.slice(known.length));
    }
    this.#ends.push(this.#text.length);
  }

  #settle(added: string): void {
    this.#text += added;
    this.#settled = this.#ids.length;
  }

  /** The whole text, with the end of each token's part (UTF-16). It is what decoding all tokens at once gives. */
  finish(): { text: string; ends: number[] } {
    const text = this.#decode(this.#ids);
    // A decoder that looks further back than one token: cut the text by decoding every prefix.
    const ends = text.startsWith(this.#text)
      ? this.#ends
      : this.#ids.map((_, i) => commonLength(this.#decode(this.#ids.slice(0, i + 1)), text));
    return { text, ends: ends.map((end, i) => (i === ends.length - 1 ? text.length : Math.min(end, text.length))) };
  }
}

function commonLength(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}
