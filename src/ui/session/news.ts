// What another tab wrote to a journal while this one had let go of it.
import { StoreError } from '../../store/errors';

/** @param read events behind those that are known here @throws StoreError */
export async function news<E>(read: () => Promise<{ events: E[] }>): Promise<E[]> {
  try {
    return (await read()).events;
  } catch (error) {
    // What this tab holds and cannot read back, nobody else has written to.
    if (error instanceof StoreError && error.code === 'closed') return [];
    throw error;
  }
}
