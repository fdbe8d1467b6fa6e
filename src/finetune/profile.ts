// Where providers differ, and how one is told from another: by what it says of itself, or by its host. Whoever says nothing is asked for the least.
import type { ModelList } from './wire';

export interface Profile {
  id: 'tuner' | 'nebius' | 'openai';
  /** Hyperparameters go into `method.supervised`, or stand at the top level of the order (endpoint.md E2). */
  hyperparameters: 'method' | 'top-level';
  /** Honours `Idempotency-Key`: a lost answer may be asked for again with the same key. Elsewhere the job is looked for by its metadata. */
  idempotent: boolean;
  /** Offers `…/events` as a stream. Others are polled. */
  streams: boolean;
  /**
   * Which hyperparameters it takes: `all`, of which steps of warm-up, `max_steps` and the schedule by name are ours; `lora`, those of
   * E2 with passes and ratios; `few`, passes and batch size, everything else being its own choice.
   */
  takes: 'all' | 'lora' | 'few';
  /** Which rows an update saw can be computed from the order: `seeded_rows` of our trainer. */
  seededRows: boolean;
  /** Fewest rows that a job takes. */
  minRows: number;
}

export const profiles: Record<Profile['id'], Profile> = {
  tuner: { id: 'tuner', hyperparameters: 'method', idempotent: true, streams: true, takes: 'all', seededRows: true, minRows: 1 },
  nebius: { id: 'nebius', hyperparameters: 'top-level', idempotent: false, streams: false, takes: 'lora', seededRows: false, minRows: 10 },
  openai: { id: 'openai', hyperparameters: 'method', idempotent: false, streams: false, takes: 'few', seededRows: false, minRows: 1 },
};

export const isProfileId = (id: unknown): id is Profile['id'] => typeof id === 'string' && Object.hasOwn(profiles, id);

/** By the address alone; null = its name says nothing. @see endpoint.md §9 */
export function profileOf(baseUrl: string): Profile | null {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return host === 'tokenfactory.nebius.com' || host.endsWith('.tokenfactory.nebius.com') ? profiles.nebius : null;
}

/** By what stands in its list of models: E5 of bases that ours trains, or what a proxy tells of the endpoint behind it. */
export function profileIn({ data, proxy }: ModelList): Profile {
  const told = data.find(({ tuner }) => tuner?.trainable)?.tuner;
  if (told) {
    const offers = (feature: string): boolean => told.features.includes(feature);
    return { ...profiles.tuner, streams: offers('events_sse'), idempotent: offers('idempotency'), seededRows: offers('seeded_rows') };
  }
  return isProfileId(proxy?.profile) ? profiles[proxy.profile] : profiles.openai;
}
