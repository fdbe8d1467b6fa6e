// A stored run on the screen: read once; what another tab appends to it is read and folded on top.
import { emptyRun, foldAll, type RunState } from '../../debate/fold';
import type { RunEvent } from '../../debate/events';
import type { Record } from '../session/record.svelte';

export type OpenedStatus =
  | { kind: 'reading' }
  | { kind: 'open'; title: string; state: RunState; events: readonly RunEvent[]; readOnly: boolean; imported: boolean }
  | { kind: 'failed'; message: string; hint: string };

/** Appended events of another tab come in bursts; the screen follows a few times a second. */
const followMs = 300;

export class OpenedRun {
  #status = $state.raw<OpenedStatus>({ kind: 'reading' });
  #timer: ReturnType<typeof setTimeout> | null = null;
  #last: Promise<void> = Promise.resolve();

  /** Follows the run until `signal` ends. */
  constructor(
    readonly id: string,
    private readonly record: Pick<Record, 'read' | 'onChange'>,
    private readonly signal: AbortSignal,
  ) {
    this.#readNext();
    const end = record.onChange(change => {
      if (change.run !== id || (change.kind === 'appended' && !change.elsewhere)) return;
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#readNext();
      }, followMs);
    });
    signal.addEventListener('abort', end, { once: true });
  }

  get status(): OpenedStatus {
    return this.#status;
  }

  /** One after the other: each reads on from where the one before ended. */
  #readNext(): void {
    this.#last = this.#last.then(() => (this.signal.aborted ? undefined : this.#read()));
  }

  async #read(): Promise<void> {
    const known = this.#status.kind === 'open' ? this.#status : { events: [], state: emptyRun };
    try {
      const { header, events, readOnly } = await this.record.read(this.id, known.events.length);
      this.#status = {
        kind: 'open',
        title: header.title,
        state: foldAll(events, known.state),
        events: events.length > 0 ? [...known.events, ...events] : known.events,
        readOnly,
        imported: header.source === 'imported',
      };
    } catch (error) {
      const { message, hint } = error as { message?: unknown; hint?: unknown };
      this.#status = { kind: 'failed', message: String(message ?? error), hint: typeof hint === 'string' ? hint : '' };
    }
  }
}
