// Where providers differ. A profile is chosen by host; whoever is not known is treated as ours, which asks for the least.

export interface Profile {
  id: 'tuner' | 'nebius';
  /** Hyperparameters go into `method.supervised`, or stand at the top level of the order (endpoint.md E2). */
  hyperparameters: 'method' | 'top-level';
  /** Honours `Idempotency-Key`: a lost answer may be asked for again with the same key. */
  idempotent: boolean;
  /** Offers `…/events` as a stream. Others are polled. */
  streams: boolean;
  /** Takes `max_steps`, `warmup_steps` and the schedule by name, which are ours; others get passes and ratios. */
  ours: boolean;
  /** Fewest rows that a job takes. */
  minRows: number;
}

const tuner: Profile = { id: 'tuner', hyperparameters: 'method', idempotent: true, streams: true, ours: true, minRows: 1 };
const nebius: Profile = { id: 'nebius', hyperparameters: 'top-level', idempotent: false, streams: false, ours: false, minRows: 10 };

export const profiles: Record<Profile['id'], Profile> = { tuner, nebius };

/** @see endpoint.md §9 */
export function profileOf(baseUrl: string): Profile {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return host === 'tokenfactory.nebius.com' || host.endsWith('.tokenfactory.nebius.com') ? nebius : tuner;
}
