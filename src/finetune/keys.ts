// Keys of endpoints: in memory, each bound to one origin; kept beyond this visit only where the reader asked for it.

/** Where keys outlive a visit: a database of its own, which no exporter reads. */
export interface SecretStore {
  get(origin: string): Promise<string | null>;
  set(origin: string, secret: string): Promise<void>;
  delete(origin: string): Promise<void>;
}

/** The origin a key is good for. @throws TypeError for what is no address */
export const originOf = (url: string): string => new URL(url).origin;

export class Keys {
  readonly #memory = new Map<string, string>();

  /** @param store null = nothing is ever kept */
  constructor(private readonly store: SecretStore | null) {}

  /** The key for a URL, typed in this visit or kept from an earlier one; null = none. Never that of another origin. */
  async get(url: string): Promise<string | null> {
    const origin = originOf(url);
    return this.#memory.get(origin) ?? (await this.store?.get(origin)) ?? null;
  }

  /** @param keep also after this visit; false takes a kept one back */
  async set(url: string, key: string, keep: boolean): Promise<void> {
    const origin = originOf(url);
    if (key === '') return this.forget(url);
    this.#memory.set(origin, key);
    if (keep) await this.store?.set(origin, key);
    else await this.store?.delete(origin);
  }

  /** Whether it would be here after a reload. */
  async isKept(url: string): Promise<boolean> {
    return ((await this.store?.get(originOf(url))) ?? null) !== null;
  }

  async forget(url: string): Promise<void> {
    const origin = originOf(url);
    this.#memory.delete(origin);
    await this.store?.delete(origin);
  }

  /** The address was changed: the key of the old one is dropped unless the reader chose to keep it, and never goes to the new one. */
  moved(from: string, to: string): void {
    if (!URL.canParse(from)) return;
    const origin = originOf(from);
    if (!URL.canParse(to) || originOf(to) !== origin) this.#memory.delete(origin);
  }

  // A key must not get into a log, a message to a worker or a file by way of an object that happens to hold this one.
  toJSON(): string {
    return '[keys]';
  }
}
