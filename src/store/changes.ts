// "Run x changed", heard in this tab and in every other one: how a viewer follows a run that another tab drives.

export interface RunChange {
  run: string;
  kind: 'created' | 'appended' | 'renamed' | 'deleted';
  /** Length of the journal now; a viewer reads the events it has not got yet. */
  events: number;
  /** True when the change was made by another tab. */
  elsewhere: boolean;
}

const isChange = (data: unknown): data is Omit<RunChange, 'elsewhere'> =>
  typeof data === 'object' && data !== null && 'run' in data && typeof data.run === 'string' && 'kind' in data && 'events' in data;

export class Changes {
  readonly #listeners = new Set<(change: RunChange) => void>();
  readonly #channel: BroadcastChannel | null;

  constructor(name: string) {
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isChange(data)) this.#emit({ ...data, elsewhere: true });
    };
  }

  tell(kind: RunChange['kind'], run: string, events: number): void {
    this.#channel?.postMessage({ kind, run, events });
    this.#emit({ kind, run, events, elsewhere: false });
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (change: RunChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#channel?.close();
    this.#listeners.clear();
  }

  #emit(change: RunChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
