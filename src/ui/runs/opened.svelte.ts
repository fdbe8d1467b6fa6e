// A stored run on the screen: read once, read again when another tab writes to it.
import { foldAll, type RunState } from '../../debate/fold';
import type { RunEvent } from '../../debate/events';
import type { Record } from '../session/record.svelte';

export type OpenedStatus =
  | { kind: 'reading' }
  | { kind: 'open'; state: RunState; events: readonly RunEvent[]; readOnly: boolean; imported: boolean }
  | { kind: 'failed'; message: string; hint: string };

/** Appended events of another tab come in bursts; the screen follows a few times a second. */
const followMs = 300;

export class OpenedRun {
  #status = $state.raw<OpenedStatus>({ kind: 'reading' });
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Follows the run until `signal` ends. */
  constructor(
    readonly id: string,
    private readonly record: Record,
    signal: AbortSignal,
  ) {
    void this.#read();
    const end = record.onChange(change => {
      if (change.run !== id || (change.kind === 'appended' && !change.elsewhere)) return;
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        if (!signal.aborted) void this.#read();
      }, followMs);
    });
    signal.addEventListener('abort', end, { once: true });
  }

  get status(): OpenedStatus {
    return this.#status;
  }

  async #read(): Promise<void> {
    try {
      const { header, events, readOnly } = await this.record.read(this.id);
      this.#status = { kind: 'open', state: foldAll(events), events, readOnly, imported: header.source === 'imported' };
    } catch (error) {
      const { message, hint } = error as { message?: unknown; hint?: unknown };
      this.#status = { kind: 'failed', message: String(message ?? error), hint: typeof hint === 'string' ? hint : '' };
    }
  }
}
