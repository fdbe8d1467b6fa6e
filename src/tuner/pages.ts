// One page of a list, by OpenAI's rule: the cursor is the id of the last item seen.
import type { List } from '../finetune/wire';
import { ApiError } from './errors';

/** @throws ApiError `invalid_request` */
export function readLimit(text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise;
  const limit = Number(text);
  if (!/^\d{1,6}$/.test(text) || limit < 1 || limit > most) throw new ApiError('invalid_request', `limit is 1 to ${most}.`, 'limit');
  return limit;
}

/** @throws ApiError `invalid_cursor` */
export function pageOf<T extends { id: string }>(items: readonly T[], after: string | undefined, limit: number): List<T> {
  const at = after === undefined ? -1 : items.findIndex(({ id }) => id === after);
  if (after !== undefined && at < 0) throw new ApiError('invalid_cursor', 'after names nothing in this list.', 'after');
  const data = items.slice(at + 1, at + 1 + limit);
  return {
    ...{ object: 'list', data, has_more: at + 1 + limit < items.length },
    ...{ first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null },
  };
}
