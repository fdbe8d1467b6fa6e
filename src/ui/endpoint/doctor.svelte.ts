// The check of an endpoint: one at a time, and its report as long as nothing about the place has changed.
import { checkEndpoint, type CheckOptions } from '../../finetune/check-endpoint';
import type { CheckReport } from '../../finetune/check-report';

export class Doctor {
  #report = $state.raw<CheckReport | null>(null);
  #checking = $state.raw<AbortController | null>(null);

  get report(): CheckReport | null {
    return this.#report;
  }
  get checking(): boolean {
    return this.#checking !== null;
  }

  /** Another place has other troubles. */
  forget(): void {
    this.#report = null;
  }

  async check(options: CheckOptions): Promise<void> {
    this.#checking?.abort();
    const mine = new AbortController();
    this.#checking = mine;
    this.#report = null;
    try {
      const report = await checkEndpoint(options, mine.signal);
      if (this.#checking === mine) this.#report = report;
    } finally {
      if (this.#checking === mine) this.#checking = null;
    }
  }
}
