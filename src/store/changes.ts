// "Run x changed", heard in this tab and in every other one: how a viewer follows what another tab drives.

export type ChangeKind = 'created' | 'appended' | 'renamed' | 'deleted';

/** What the thing that changed is called, and the name of the field that says which one it is. */
export type Subject = 'run' | 'loop' | 'set';
export type Change<K extends Subject> = { [id in K]: string } & {
  kind: ChangeKind;
  /** Length of the journal now, 0 for what has none; a viewer reads the events it has not got yet. */
  events: number;
  /** True when the change was made by another tab. */
  elsewhere: boolean;
};
export type RunChange = Change<'run'>;
export type LoopChange = Change<'loop'>;

export class Changes<K extends Subject> {
  readonly #listeners = new Set<(change: Change<K>) => void>();
  readonly #channel: BroadcastChannel | null;

  constructor(
    name: string,
    private readonly key: K,
  ) {
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (this.#isChange(data)) this.#emit({ ...data, elsewhere: true });
    };
  }

  tell(kind: ChangeKind, id: string, events: number): void {
    const change = { kind, [this.key]: id, events };
    this.#channel?.postMessage(change);
    this.#emit({ ...change, elsewhere: false } as Change<K>);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (change: Change<K>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#channel?.close();
    this.#listeners.clear();
  }

  #isChange(data: unknown): data is Change<K> {
    return (
      typeof data === 'object' &&
      data !== null &&
      typeof (data as Record<string, unknown>)[this.key] === 'string' &&
      'kind' in data &&
      'events' in data
    );
  }

  #emit(change: Change<K>): void {
    for (const listener of this.#listeners) listener(change);
  }
}
