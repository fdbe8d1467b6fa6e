// On what terms an endpoint trains a base, as far as it says.
import type { Profile } from './profile';
import type { ModelObject } from './wire';

export interface Terms {
  /** Fewest rows of a job; null = it states none. */
  minRows: number | null;
  /** In words with the currency; null = it states none. */
  price: string | null;
}

export function termsOf({ tuner }: Pick<ModelObject, 'tuner'>, { minRows }: Pick<Profile, 'minRows'>): Terms {
  const least = Math.max(tuner?.min_rows ?? 0, minRows);
  const price = tuner?.price;
  return {
    minRows: least > 1 || tuner?.min_rows !== undefined ? least : null,
    price: price === undefined ? null : `${price.per_million_tokens} ${price.currency} for a million trained tokens`,
  };
}
