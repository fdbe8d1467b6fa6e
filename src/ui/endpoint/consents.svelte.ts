// The reader's word before rows leave the page: one question at a time, asked once a loop and destination.
import type { TuneOrder } from '../../datasets/order';
import { consentKey, joined, readConsents, withConsent, type ConsentRequest } from './consent';
import { TrainingHeld } from './held';
import type { EndpointPorts } from './ports';

interface Waiter {
  grant(): void;
  refuse(reason: unknown): void;
}

export class Consents {
  #pending = $state.raw<ConsentRequest | null>(null);
  #waiters: Waiter[] = [];
  /** Also here, since storage may refuse to remember. */
  readonly #agreed = new Set<string>();

  constructor(private readonly ports: Pick<EndpointPorts, 'kept' | 'keep'>) {}

  /** What waits for an answer; null = nothing. */
  get pending(): ConsentRequest | null {
    return this.#pending;
  }

  get #remembered(): string[] {
    return readConsents(this.ports.kept('endpoint-consents'));
  }

  /** Whether rows of a loop may go to this origin, whatever stands behind it. */
  knows(loop: string, origin: string): boolean {
    const here = `${loop}@${origin}`;
    return [...this.#agreed, ...this.#remembered].some(key => key === here || key.startsWith(`${here}>`));
  }

  /** Resolves once the reader has agreed that rows of this loop go there. */
  async ask(order: TuneOrder, to: Pick<ConsentRequest, 'origin' | 'upstream' | 'terms'>, signal: AbortSignal): Promise<void> {
    const key = consentKey({ loop: order.loop, ...to });
    if (this.#agreed.has(key) || this.#remembered.includes(key)) return;
    const other = this.#pending !== null && consentKey(this.#pending) !== key;
    if (other) throw new TrainingHeld('declined', 'Another loop is waiting for your word first.', 'Answer it, then go on.');
    this.#pending = joined(this.#pending, order, to);
    await new Promise<void>((grant, refuse) => {
      const waiter: Waiter = { grant, refuse };
      this.#waiters.push(waiter);
      const leave = (): void => {
        this.#waiters = this.#waiters.filter(one => one !== waiter);
        if (this.#waiters.length === 0) this.#pending = null;
        refuse(signal.reason);
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }

  answer(agreed: boolean): void {
    const request = this.#pending;
    if (!request) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#pending = null;
    if (agreed) {
      this.ports.keep('endpoint-consents', JSON.stringify(withConsent(this.#remembered, consentKey(request))));
      this.#agreed.add(consentKey(request));
    }
    const declined = new TrainingHeld(
      'declined',
      'Nothing was sent: the rows were not released.',
      'Choose to train in this page, or go on and agree.',
    );
    for (const { grant, refuse } of waiters) {
      if (agreed) grant();
      else refuse(declined);
    }
  }
}
